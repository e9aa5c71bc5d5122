using System.Security.Cryptography;
using System.Text;

namespace Mycel.Identity.Tests;

public sealed class DeviceKeyTests : IDisposable
{
    private const string Seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    private const string Content =
        "mycel device key 1 - secret, never share this file\n"
        + "seed 9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60\n"
        + "peer 21fe31dfa154a261626bf854046fd2271b7bed4b6abe45aa58877ef47f9721b9\n";

    private readonly TemporaryFolder _folder = new();

    private string KeyPath => _folder.Of(DeviceKey.FileName);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_first_start_makes_a_key_and_the_next_finds_it()
    {
        using DeviceKey first = DeviceKey.LoadOrCreate(_folder.Path);
        using DeviceKey second = DeviceKey.LoadOrCreate(_folder.Path);
        byte[] message = [1, 2, 3];

        Assert.Equal(first.PeerId, second.PeerId);
        Assert.Equal(first.Sign(message), second.Sign(message));
        Assert.True(DeviceKey.Verify(second.PublicKey, message, first.Sign(message)));
    }

    [Fact]
    public void Two_nodes_have_two_keys()
    {
        using DeviceKey first = DeviceKey.LoadOrCreate(_folder.Of("one"));
        using DeviceKey second = DeviceKey.LoadOrCreate(_folder.Of("two"));

        Assert.NotEqual(first.PeerId, second.PeerId);
    }

    [Fact]
    public void Folder_and_file_are_the_owners_alone()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no file modes.");
        string folder = _folder.Of("new/data");

        DeviceKey.LoadOrCreate(folder).Dispose();

        Assert.Equal("0700", UnixModes.Octal(ModeOf(folder)));
        Assert.All(Directory.GetFiles(folder), file => Assert.Equal("0600", UnixModes.Octal(ModeOf(file))));
    }

    [Fact]
    public void A_known_file_gives_the_known_key()
    {
        WriteKey(Content);

        using DeviceKey key = DeviceKey.LoadOrCreate(_folder.Path);
        using var known = new DeviceKey(Convert.FromHexString(Seed));

        Assert.Equal(known.PeerId, key.PeerId);
        Assert.Equal("21fe31dfa154a261626bf854046fd2271b7bed4b6abe45aa58877ef47f9721b9", key.PeerId.ToString());
    }

    [Fact]
    public void White_space_that_an_editor_adds_at_the_end_does_no_harm()
    {
        WriteKey(Content + "\r\n \n");

        using DeviceKey key = DeviceKey.LoadOrCreate(_folder.Path);

        Assert.StartsWith("21fe31df", key.PeerId.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("seed")]
    [InlineData("mycel device key 1 - secret, never share this file\nseed 9d61")]
    public void A_truncated_file_is_refused_and_kept(string content) => AssertDamaged(content);

    [Fact]
    public void Any_changed_character_is_refused_and_the_file_is_kept()
    {
        for (int i = 0; i < Content.TrimEnd().Length; i++)
        {
            char other = Content[i] == '0' ? '1' : '0';
            AssertDamaged(string.Concat(Content.AsSpan(0, i), [other], Content.AsSpan(i + 1)));
        }
    }

    [Fact]
    public void A_file_far_too_large_is_refused() => AssertDamaged(Content + new string(' ', DeviceKeyFile.MaxBytes));

    [Theory]
    [InlineData(UnixFileMode.GroupRead, "0640")]
    [InlineData(UnixFileMode.OtherRead, "0604")]
    [InlineData(UnixFileMode.OtherWrite, "0602")]
    public void A_file_open_to_others_is_refused_with_the_remedy(UnixFileMode extra, string shown)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no file modes.");
        WriteKey(Content, AtomicFile.PrivateMode | extra);

        IdentityException error = Assert.Throws<IdentityException>(() => DeviceKey.LoadOrCreate(_folder.Path));

        Assert.Contains(shown, error.Message);
        Assert.Contains($"chmod 600 '{KeyPath}'", error.Message);
        Assert.Equal(Content, File.ReadAllText(KeyPath));
    }

    [Fact]
    public void A_folder_open_to_others_is_refused_with_the_remedy()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no file modes.");
        WriteKey(Content);
        SetMode(_folder.Path, ModeOf(_folder.Path) | UnixFileMode.OtherExecute);

        IdentityException error = Assert.Throws<IdentityException>(() => DeviceKey.LoadOrCreate(_folder.Path));

        Assert.Contains($"chmod 700 '{_folder.Path}'", error.Message);
    }

    [Fact]
    public void A_folder_in_the_place_of_the_file_is_reported()
    {
        Directory.CreateDirectory(KeyPath);

        IdentityException error = Assert.Throws<IdentityException>(() => DeviceKey.LoadOrCreate(_folder.Path));

        Assert.Contains(KeyPath, error.Message);
    }

    [Fact]
    public async Task Processes_that_start_at_once_share_one_key()
    {
        ChildProcess[] children = [.. Enumerable.Range(0, 5).Select(_ => ChildProcess.Start("key", _folder.Path))];
        try
        {
            ChildProcess.Go(_folder.Path);
            string[] ids = await Task.WhenAll(children.Select(child => child.ResultAsync()));
            using DeviceKey kept = DeviceKey.LoadOrCreate(_folder.Of("data"));

            Assert.All(ids, id => Assert.Equal(kept.PeerId.ToString(), id));
        }
        finally
        {
            Array.ForEach(children, child => child.Dispose());
        }
    }

    [Fact]
    public async Task Threads_that_start_at_once_share_one_key()
    {
        for (int round = 0; round < 20; round++)
        {
            string folder = _folder.Of($"round-{round}");
            using var gate = new Barrier(4);
            PeerId[] ids = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Factory.StartNew(
                () =>
                {
                    gate.SignalAndWait();
                    using DeviceKey key = DeviceKey.LoadOrCreate(folder);
                    return key.PeerId;
                },
                TestContext.Current.CancellationToken,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default)));

            Assert.Single(ids.Distinct());
        }
    }

    [Fact]
    public void Derived_keys_are_those_of_hkdf_sha256_and_differ_by_use()
    {
        using var key = new DeviceKey(Convert.FromHexString(Seed));
        var one = new byte[32];
        var two = new byte[32];

        key.DeriveKey("mycel/secret-store/1", one);
        key.DeriveKey("mycel/secret-store/2", two);

        Assert.Equal(Hkdf(Convert.FromHexString(Seed), "mycel/secret-store/1"), one);
        Assert.NotEqual(one, two);
    }

    [Fact]
    public void A_disposed_key_signs_and_derives_no_more()
    {
        var key = new DeviceKey(Convert.FromHexString(Seed));
        key.Dispose();

        Assert.Throws<ObjectDisposedException>(() => key.Sign([1]));
        Assert.Throws<ObjectDisposedException>(() => key.DeriveKey("x", new byte[32]));
    }

    /// <summary>RFC 5869 by its two formulas, for an output of one block and an empty salt.</summary>
    private static byte[] Hkdf(byte[] input, string info)
    {
        byte[] pseudoRandomKey = HMACSHA256.HashData(new byte[32], input);
        return HMACSHA256.HashData(pseudoRandomKey, (byte[])[.. Encoding.UTF8.GetBytes(info), 1]);
    }

    private void AssertDamaged(string content)
    {
        WriteKey(content);

        IdentityException error = Assert.Throws<IdentityException>(() => DeviceKey.LoadOrCreate(_folder.Path));

        Assert.Contains($"{KeyPath} is damaged", error.Message);
        Assert.DoesNotContain(Seed, error.ToString());
        Assert.Equal(content, File.ReadAllText(KeyPath));
    }

    private void WriteKey(string content, UnixFileMode mode = AtomicFile.PrivateMode)
        => AtomicFile.Write(KeyPath, Encoding.ASCII.GetBytes(content), mode);

    private static UnixFileMode ModeOf(string path) => OperatingSystem.IsWindows() ? default : File.GetUnixFileMode(path);

    private static void SetMode(string path, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, mode);
    }
}
