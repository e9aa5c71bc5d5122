namespace Mycel.Llama.Tests.Engine;

/// <summary>Where the tests find models and libraries.</summary>
internal static class TestModels
{
    private static readonly string Root = FindRoot();

    /// <summary>The model that comes with the project: 2 million parameters, 512 tokens of context.</summary>
    public static string Tiny { get; } = Path.Combine(Root, "src/Mycel.Node/Demo/tiny-austen-chat-q8_0.gguf");

    /// <summary>llama.cpp's libraries for the processor.</summary>
    public static string Libraries { get; } = Path.Combine(AppContext.BaseDirectory, "llama/cpu");

    /// <summary>A model that does not come with the project; the test is skipped where it is not beside it.</summary>
    public static string Shared(string file)
    {
        var path = Path.Combine(Path.GetDirectoryName(Root)!, "shared/models", file);
        Assert.SkipUnless(File.Exists(path), $"{file} is not there (it belongs into shared/models beside the project)");
        return path;
    }

    /// <summary>How the tests load the tiny model unless they say otherwise.</summary>
    public static EngineOptions TinyOptions { get; } = new() { ModelPath = Tiny, LibraryFolder = Libraries, Slots = 4, Threads = 1 };

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Mycel.sln"))) folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests do not run from a checkout.");
        return folder;
    }
}
