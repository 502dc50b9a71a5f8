using System.Text.Json;

namespace QuantBuild.Tests.Reporting;

/// <summary>A report page as text, and the parts of it that are JSON.</summary>
internal sealed class ReportText
{
    private readonly string _page;

    public ReportText(string path) => _page = File.ReadAllText(path);

    public JsonElement Data => Part("data");

    public JsonElement Run => Part("run");

    /// <summary>The measured data as it stands in the page.</summary>
    public string DataText => TextOf("data");

    public IEnumerable<JsonElement> Layers =>
        Data.GetProperty("experts").EnumerateArray().SelectMany(expert => expert.GetProperty("layers").EnumerateArray());

    public JsonElement Layer(int expert, string name) => Data.GetProperty("experts")[expert].GetProperty("layers").EnumerateArray()
        .Single(layer => layer.GetProperty("name").GetString() == name);

    private JsonElement Part(string id) => JsonDocument.Parse(TextOf(id)).RootElement;

    private string TextOf(string id)
    {
        string open = $"<script id=\"{id}\" type=\"application/json\">";
        int start = _page.IndexOf(open, StringComparison.Ordinal) + open.Length;
        return _page[start.._page.IndexOf("</script>", start, StringComparison.Ordinal)];
    }
}
