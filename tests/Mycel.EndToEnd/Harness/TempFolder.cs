namespace Mycel.EndToEnd.Harness;

/// <summary>A folder of its own for one node, deleted at the end. Its path is short, because a Unix socket's path may have 107 bytes.</summary>
internal sealed class TempFolder : IDisposable
{
    public TempFolder()
    {
        Path = System.IO.Path.Combine(System.IO.Path.GetTempPath(), "mycel-e2e-" + Guid.NewGuid().ToString("N")[..10]);
        Directory.CreateDirectory(Path);
    }

    /// <summary>Absolute path.</summary>
    public string Path { get; }

    public void Dispose()
    {
        // A process that was killed a moment ago may still be writing its last file.
        for (var tries = 0; tries < 20; tries++)
        {
            try
            {
                Directory.Delete(Path, recursive: true);
                return;
            }
            catch (DirectoryNotFoundException)
            {
                return;
            }
            catch (IOException)
            {
                Thread.Sleep(25);
            }
        }
    }
}
