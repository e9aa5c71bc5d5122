using System.Reflection;

namespace Mycel.EndToEnd.Harness;

/// <summary>Where the tests find the repository, the built node and the folder of models beside the repository.</summary>
internal static class RepositoryLayout
{
    /// <summary>The repository's root: the nearest folder above the test assembly that holds the solution.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The built node, of the same configuration as these tests.</summary>
    public static string NodeAssembly { get; } = FindNode();

    /// <summary>The folder of tools and models that may stand beside the repository; it need not exist.</summary>
    public static string Shared { get; } = Path.GetFullPath(Path.Combine(Root, "..", "shared"));

    private static string TestFolder => Path.GetDirectoryName(Assembly.GetExecutingAssembly().Location)!;

    private static string FindRoot()
    {
        for (var folder = TestFolder; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "Mycel.sln"))) return folder;
        }

        throw new InvalidOperationException($"No folder above {TestFolder} holds Mycel.sln. Run the tests from a checkout of the repository.");
    }

    private static string FindNode()
    {
        // .../tests/Mycel.EndToEnd/bin/<Configuration>/<framework>
        var framework = Path.GetFileName(TestFolder);
        var configuration = Path.GetFileName(Path.GetDirectoryName(TestFolder)!);
        var path = Path.Combine(FindRoot(), "src", "Mycel.Node", "bin", configuration, framework, "mycel.dll");
        return File.Exists(path) ? path : throw new InvalidOperationException($"{path} is missing. Build src/Mycel.Node in {configuration} first.");
    }
}
