using System.Runtime.Versioning;

namespace Mycel.Identity.Tests;

[UnsupportedOSPlatform("windows")]
public sealed class PrivateFolderTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode OpenToAll = OwnerOnly
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private readonly TemporaryFolder _folder = new();

    public PrivateFolderTests() => Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no file modes.");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_new_folder_is_the_owners_alone_with_its_parents()
    {
        string path = _folder.Of("a/b");

        PrivateFolder.Ensure(path);

        Assert.Equal(OwnerOnly, File.GetUnixFileMode(path));
    }

    [Fact]
    public void An_empty_folder_is_closed_to_others()
    {
        string path = _folder.Of("data");
        Directory.CreateDirectory(path, OpenToAll);

        PrivateFolder.Ensure(path);

        Assert.Equal(OwnerOnly, File.GetUnixFileMode(path));
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.GroupExecute)]
    [InlineData(UnixFileMode.OtherWrite)]
    public void A_folder_in_use_that_others_may_enter_is_refused_and_left_as_it_is(UnixFileMode extra)
    {
        string path = _folder.Of("data");
        Directory.CreateDirectory(path);
        File.WriteAllText(Path.Combine(path, "something"), "");
        File.SetUnixFileMode(path, OwnerOnly | extra);

        IdentityException error = Assert.Throws<IdentityException>(() => PrivateFolder.Ensure(path));

        Assert.Contains($"chmod 700 '{path}'", error.Message);
        Assert.Equal(OwnerOnly | extra, File.GetUnixFileMode(path));
    }

    [Fact]
    public void A_link_to_a_private_folder_is_as_good_as_the_folder()
    {
        string path = _folder.Of("data");
        Directory.CreateDirectory(path, OwnerOnly);
        File.WriteAllText(Path.Combine(path, "something"), "");
        Directory.CreateSymbolicLink(_folder.Of("link"), path);

        PrivateFolder.Ensure(_folder.Of("link"));

        Assert.Equal(OwnerOnly, File.GetUnixFileMode(path));
    }

    [Fact]
    public void A_file_in_its_place_is_reported()
    {
        File.WriteAllText(_folder.Of("data"), "");

        Assert.ThrowsAny<IOException>(() => PrivateFolder.Ensure(_folder.Of("data")));
    }
}
