// The parts of Apache ECharts that the report page uses; whatever is not named here is not in the bundle.
import * as core from "echarts/core";
import { BarChart, HeatmapChart, LineChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent, VisualMapContinuousComponent } from "echarts/components";
import { SVGRenderer } from "echarts/renderers";

core.use([
  BarChart, HeatmapChart, LineChart,
  AriaComponent, GridComponent, LegendComponent, TooltipComponent, VisualMapContinuousComponent,
  SVGRenderer,
]);

globalThis.echarts = core;
