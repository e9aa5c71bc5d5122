namespace Mycel.Llama.Tests.Gguf;

/// <summary>A folder for one test, and where the models are.</summary>
internal sealed class Folder : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("mycel-gguf-").FullName;

    public string File(string name, byte[] content)
    {
        string path = Path.Combine(_path, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        System.IO.File.WriteAllBytes(path, content);
        return path;
    }

    public string File(string name, string content) => File(name, System.Text.Encoding.UTF8.GetBytes(content));

    public string this[string name] => Path.Combine(_path, name);

    public void Dispose() => Directory.Delete(_path, recursive: true);

    /// <summary>The model that is part of the project.</summary>
    public static string TinyAusten { get; } = Find("src/Mycel.Node/Demo/tiny-austen-chat-q8_0.gguf") ?? throw new FileNotFoundException("the demo model is missing");

    /// <summary>A model that may stand in a folder beside the project; the test is skipped where it does not.</summary>
    public static string Shared(string name)
    {
        string? path = Find("../shared/models/" + name);
        Assert.SkipUnless(path is not null, $"{name} is not here");
        return path!;
    }

    private static string? Find(string relative)
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string path = Path.GetFullPath(Path.Combine(folder.FullName, relative));
            if (System.IO.File.Exists(path))
                return path;
        }
        return null;
    }
}
