namespace Mycel.Node.Tests.Architecture;

public class ArchitectureTests
{
    [Fact]
    public void Project_references_follow_the_plan()
    {
        string root = RepositoryRoot();
        string[] projects = [.. Directory.EnumerateDirectories(Path.Combine(root, "src"))
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*.csproj"))];

        Assert.Contains(projects, file => Path.GetFileNameWithoutExtension(file) == Arrows.WebProject);
        AssertNone(projects.SelectMany(file => ProjectArrows.Violations(Shown(root, file), File.ReadAllText(file))));
    }

    [Fact]
    public void Folders_of_the_node_use_each_other_as_planned()
    {
        string root = RepositoryRoot();
        string node = Path.Combine(root, "src", Arrows.WebProject);
        var arrows = new NamespaceArrows();
        foreach (string file in Directory.EnumerateFiles(node, "*.cs", SearchOption.AllDirectories))
        {
            string[] parts = Path.GetRelativePath(node, file).Split(Path.DirectorySeparatorChar);
            if (parts[0] is not ("bin" or "obj"))
                arrows.Add(Shown(root, file), parts.Length > 1 ? parts[0] : "", File.ReadAllText(file));
        }

        AssertNone(arrows.Violations());
    }

    [Fact]
    public void The_plan_itself_has_no_circle()
    {
        AssertNone(Circles(Arrows.OfProjects));
        AssertNone(Circles(Arrows.OfNode));
    }

    [Theory]
    [InlineData("Mycel.Surprise", "<Project />", "src/P.csproj:1: Mycel.Surprise is not in the plan")]
    [InlineData("Mycel.Dht", """<Project Sdk="Microsoft.NET.Sdk.Web" />""", "Microsoft.NET.Sdk.Web")]
    [InlineData("Mycel.Dht", """<Project><ItemGroup><FrameworkReference Include="Microsoft.AspNetCore.App" /></ItemGroup></Project>""", "Microsoft.AspNetCore.App")]
    [InlineData("Mycel.Dht", "<Project><ItemGroup>\n<ProjectReference Include=\"..\\Mycel.Ledger\\Mycel.Ledger.csproj\" /></ItemGroup></Project>", "src/P.csproj:2: Mycel.Dht -> Mycel.Ledger runs against the plan (Mycel.Dht may use: Mycel.Identity)")]
    public void A_project_against_the_plan_is_found(string project, string xml, string expected)
    {
        string file = $"src/{project}.csproj";

        string found = Assert.Single(ProjectArrows.Violations(file, xml));

        Assert.Contains(expected.Replace("src/P.csproj", file, StringComparison.Ordinal), found, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Mycel.Dht", """<Project Sdk="Microsoft.NET.Sdk"><ItemGroup><ProjectReference Include="../Mycel.Identity/Mycel.Identity.csproj" /></ItemGroup></Project>""")]
    [InlineData("Mycel.Node", """<Project Sdk="Microsoft.NET.Sdk.Web"><ItemGroup><ProjectReference Include="../Mycel.Identity/Mycel.Identity.csproj" /></ItemGroup></Project>""")]
    public void A_project_that_follows_the_plan_is_left_in_peace(string project, string xml)
        => Assert.Empty(ProjectArrows.Violations($"src/{project}.csproj", xml));

    [Theory]
    [InlineData("Routing", "\nusing Mycel.Node.Hosting;", "F.cs:2: Routing -> Hosting runs against the plan (Routing may use: Configuration, Observability, Settlement, Backends, Links, Networks)")]
    [InlineData("Configuration", "using static Mycel.Node.Routing.Router;", "F.cs:1: Configuration -> Routing runs against the plan (Configuration may use: nothing)")]
    [InlineData("Backends", "using X = Mycel.Node.Routing.Usage;", "Backends -> Routing")]
    [InlineData("Routing", "class C\n{\n    global::Mycel.Node.Api.OpenAi.Dialect D;\n}", "F.cs:3: Routing -> Api")]
    [InlineData("Routing", "/* a\nb */ class C { Hosting.NodeHost H; }", "F.cs:2: Routing -> Hosting")]
    [InlineData("Cellar", "class C;", "the folder Cellar is not in the plan")]
    [InlineData("Routing", "namespace Mycel.Node.Backends;", "the namespace is that of Backends, the folder is Routing")]
    [InlineData("", "global using Mycel.Node.Backends;", "a global using hides the arrow to Backends")]
    public void A_use_against_the_plan_is_found(string room, string source, string expected)
    {
        var arrows = new NamespaceArrows();
        arrows.Add("Host.cs", "Hosting", "namespace Mycel.Node.Hosting;\ninternal static class NodeHost;");
        arrows.Add("F.cs", room, source);

        Assert.Contains(expected, Assert.Single(arrows.Violations()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Routing", "using Mycel.Node.Backends;\nusing Mycel.Identity;\nnamespace Mycel.Node.Routing;")]
    [InlineData("Routing", "namespace Mycel.Node.Routing.Queue;")]
    [InlineData("Routing", "// see Mycel.Node.Hosting.NodeHost\nclass C { string s = \"Mycel.Node.Hosting\"; string t = \"\"\"\n Mycel.Node.Api \"\"\"; }")]
    [InlineData("Routing", "class C { int n = Hosting.Count; int m = options.Hosting.NodeHost; }")]
    [InlineData("", "return await Mycel.Node.Cli.CommandLine.RunAsync(args);")]
    public void A_use_that_follows_the_plan_is_left_in_peace(string room, string source)
    {
        var arrows = new NamespaceArrows();
        arrows.Add("Host.cs", "Hosting", "internal static class NodeHost;");
        arrows.Add("F.cs", room, source);

        Assert.Empty(arrows.Violations());
    }

    private static IEnumerable<string> Circles(IReadOnlyDictionary<string, string[]> table)
    {
        return table.Keys.Where(room => Reached(room, []).Contains(room)).Select(room => $"{room} reaches itself");

        HashSet<string> Reached(string from, HashSet<string> seen)
        {
            foreach (string next in table[from].Where(seen.Add))
                Reached(next, seen);
            return seen;
        }
    }

    private static string RepositoryRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Mycel.sln")))
                return folder.FullName;
        }

        throw new DirectoryNotFoundException($"Mycel.sln is in no folder above {AppContext.BaseDirectory}: run the tests from a checkout.");
    }

    private static string Shown(string root, string file) => Path.GetRelativePath(root, file).Replace('\\', '/');

    private static void AssertNone(IEnumerable<string> violations)
    {
        string found = string.Join('\n', violations);
        Assert.True(found.Length == 0, found);
    }
}
