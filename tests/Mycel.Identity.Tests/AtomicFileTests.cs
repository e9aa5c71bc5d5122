namespace Mycel.Identity.Tests;

public sealed class AtomicFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0x180)] // 0600
    [InlineData(0x1b6)] // 0666, which a usual umask would cut
    public void The_file_has_exactly_the_wanted_mode(int mode)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no file modes.");
        string path = _folder.Of("state.json");

        AtomicFile.Write(path, "new"u8, (UnixFileMode)mode);

        Assert.Equal((UnixFileMode)mode, ModeOf(path));
        Assert.Equal("new", File.ReadAllText(path));
    }

    [Fact]
    public void Replacing_sets_content_and_mode_and_leaves_no_other_file()
    {
        string path = _folder.Of("state.json");
        File.WriteAllText(path, "a longer old content");

        AtomicFile.Write(path, "new"u8);

        Assert.Equal("new", File.ReadAllText(path));
        Assert.Equal(["state.json"], _folder.FileNames());
        if (!OperatingSystem.IsWindows())
            Assert.Equal(AtomicFile.PrivateMode, ModeOf(path));
    }

    [Fact]
    public async Task A_reader_sees_the_old_or_the_new_content_never_a_part()
    {
        string path = _folder.Of("state.json");
        byte[] first = new byte[50_000];
        byte[] second = new byte[80_000];
        Array.Fill(first, (byte)'1');
        Array.Fill(second, (byte)'2');
        AtomicFile.Write(path, first);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        stop.CancelAfter(TimeSpan.FromSeconds(30));
        Task writer = Task.Run(() =>
        {
            for (int i = 0; !stop.IsCancellationRequested; i++)
                AtomicFile.Write(path, i % 2 == 0 ? second : first);
        }, TestContext.Current.CancellationToken);

        var seen = new HashSet<int>();
        for (int reads = 0; reads < 200 || (seen.Count < 2 && !stop.IsCancellationRequested); reads++)
        {
            byte[] read = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
            seen.Add(read.Length);
            Assert.Equal(read.Length == first.Length ? first : second, read);
        }

        await stop.CancelAsync();
        await writer;
        Assert.Equal(2, seen.Count);
    }

    [Fact]
    public void When_the_replacement_fails_the_temporary_file_goes_too()
    {
        string path = _folder.Of("state.json");
        Directory.CreateDirectory(path);

        Assert.ThrowsAny<SystemException>(() => AtomicFile.Write(path, "new"u8));

        Assert.Empty(_folder.FileNames());
    }

    [Fact]
    public void A_missing_folder_is_reported()
        => Assert.Throws<DirectoryNotFoundException>(() => AtomicFile.Write(_folder.Of("absent/state.json"), "new"u8));

    private static UnixFileMode ModeOf(string path)
        => OperatingSystem.IsWindows() ? default : File.GetUnixFileMode(path);
}
