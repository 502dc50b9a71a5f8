using QuantBuild.DeviceTable;

if (DeviceOptions.Parse(args) is not { } options)
{
    Console.Error.WriteLine(DeviceOptions.Usage);
    return 2;
}
return options.Row is { } row ? Measurements.Run(options, row) : Table.Make(options, Console.Out);
