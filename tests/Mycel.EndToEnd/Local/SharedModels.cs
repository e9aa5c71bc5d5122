using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd.Local;

/// <summary>The larger models, which do not come with the repository: they lie in the folder <c>shared</c> beside it, or are not there.</summary>
internal static class SharedModels
{
    /// <summary>A model that truly answers.</summary>
    public const string Smol = "smollm2-135m-instruct-q4_1";

    /// <summary>A model that embeds.</summary>
    public const string MiniLm = "all-minilm-l6-v2-q8_0";

    /// <summary>Whether both are there.</summary>
    public static bool Exist => File.Exists(FileOf(Smol)) && File.Exists(FileOf(MiniLm));

    /// <summary>A model's file; skips the test, with the reason, where it is not there.</summary>
    public static string Path(string name)
    {
        var path = FileOf(name);
        Assert.SkipUnless(File.Exists(path), $"No real model: {path} is not there.");
        return path;
    }

    private static string FileOf(string name) => System.IO.Path.Combine(RepositoryLayout.Shared, "models", name + ".gguf");
}
