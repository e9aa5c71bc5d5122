namespace Mycel.Node.Tests.Architecture;

/// <summary>
/// The plan: who may use whom. A room that is not named here may not exist; to add one or an arrow, change these tables and
/// the plan in docs together.
/// </summary>
internal static class Arrows
{
    /// <summary>Projects under src/, and the projects each may refer to.</summary>
    public static readonly IReadOnlyDictionary<string, string[]> OfProjects = new Dictionary<string, string[]>
    {
        ["Mycel.Identity"] = [],
        ["Mycel.Llama"] = [],
        ["Mycel.Transport"] = ["Mycel.Identity"],
        ["Mycel.Dht"] = ["Mycel.Identity"],
        ["Mycel.Ledger"] = ["Mycel.Identity"],
        ["Mycel.Node"] = ["Mycel.Identity", "Mycel.Llama", "Mycel.Transport", "Mycel.Dht", "Mycel.Ledger"],
    };

    /// <summary>The one project that may use ASP.NET Core; the others are libraries that know no HTTP.</summary>
    public const string WebProject = "Mycel.Node";

    /// <summary>Folders of src/Mycel.Node, and the folders each may use. Files outside a folder (Program.cs) may use all.</summary>
    public static readonly IReadOnlyDictionary<string, string[]> OfNode = new Dictionary<string, string[]>
    {
        ["Configuration"] = [],
        ["Observability"] = ["Configuration"],
        ["Settlement"] = ["Configuration", "Observability", "Links", "Networks"],
        ["Admission"] = ["Configuration", "Observability"],
        ["Models"] = ["Configuration", "Observability"],
        ["Links"] = ["Configuration", "Observability"],
        ["Networks"] = ["Configuration", "Observability", "Links"],
        ["Backends"] = ["Configuration", "Observability", "Models", "Links", "Networks", "Settlement"],
        ["Routing"] = ["Configuration", "Observability", "Settlement", "Backends", "Links", "Networks"],
        ["Discovery"] = ["Configuration", "Observability", "Links", "Networks", "Routing"],
        ["Execution"] = ["Configuration", "Observability", "Settlement", "Admission", "Backends", "Routing"],
        ["Peers"] = ["Configuration", "Observability", "Settlement", "Admission", "Links", "Networks", "Backends", "Routing", "Execution"],
        ["Api"] = ["Configuration", "Observability", "Settlement", "Admission", "Models", "Links", "Networks", "Backends", "Routing", "Discovery", "Execution", "Peers"],
        ["Hosting"] = ["Configuration", "Observability", "Settlement", "Admission", "Models", "Links", "Networks", "Backends", "Routing", "Discovery", "Execution", "Peers", "Api"],
        ["Cli"] = ["Configuration", "Admission", "Models", "Hosting"],
    };

    /// <summary>The sentence for an arrow that is not in a table.</summary>
    public static string Against(string file, int line, string from, string to, IReadOnlyCollection<string> allowed)
        => $"{file}:{line}: {from} -> {to} runs against the plan ({from} may use: {(allowed.Count == 0 ? "nothing" : string.Join(", ", allowed))})";
}
