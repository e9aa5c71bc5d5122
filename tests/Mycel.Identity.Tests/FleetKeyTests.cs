using System.Security.Cryptography;
using System.Text;

namespace Mycel.Identity.Tests;

/// <summary>The key that the devices of one account share.</summary>
public sealed class FleetKeyTests : IDisposable
{
    private const string Purpose = "mycel/test/1";

    private readonly TemporaryFolder _folder = new();
    private readonly FixedTime _time = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_one_device_seals_the_others_open_and_nobody_else()
    {
        using NodeIdentity first = Load("a");
        first.Account!.Save(_folder.Of("b"));
        using NodeIdentity second = Load("b");
        using NodeIdentity stranger = Load("c");
        byte[] box = first.Fleet!.Seal("hello"u8, Purpose);

        Assert.Equal("hello"u8.ToArray(), second.Fleet!.Open(box, Purpose));
        Assert.Equal(5 + FleetKey.OverheadBytes, box.Length);
        Assert.Null(stranger.Fleet!.Open(box, Purpose));
        Assert.Null(second.Fleet.Open(box, "mycel/other/1"));
        box[^1] ^= 1;
        Assert.Null(second.Fleet.Open(box, Purpose));
        Assert.Null(second.Fleet.Open([], Purpose));
    }

    [Fact]
    public void It_follows_from_the_account_key_as_other_programs_derive_it()
    {
        using var account = new AccountKey([.. Enumerable.Repeat((byte)1, 32)]);
        using var fleet = FleetKey.Of(account);
        byte[] key = HKDF.DeriveKey(HashAlgorithmName.SHA256, [.. Enumerable.Repeat((byte)1, 32)], 32, info: "mycel/fleet/1"u8.ToArray());

        Assert.Equal("x"u8.ToArray(), Crypto.XChaCha20Poly1305.Open(key, fleet.Seal("x"u8, Purpose), Encoding.ASCII.GetBytes(Purpose)));
    }

    [Fact]
    public void A_node_whose_account_key_is_encrypted_keeps_it()
    {
        byte[] box;
        using (NodeIdentity open = Load("a", "horse"))
            box = open.Fleet!.Seal("hello"u8, Purpose);
        using (NodeIdentity locked = Load("a"))
        {
            Assert.Null(locked.Account);
            Assert.NotNull(locked.Fleet!.Open(box, Purpose));
        }

        // Lost or damaged, it is there again once the account key was opened.
        foreach (string content in new[] { "", "nonsense", "mycel fleet key 1 - secret, never share this file\nkey 00\naccount 00\n" })
        {
            File.WriteAllText(FileOf("a"), content);
            using (NodeIdentity without = Load("a"))
                Assert.Null(without.Fleet);
            Load("a", "horse").Dispose();
            using NodeIdentity again = Load("a");
            Assert.NotNull(again.Fleet!.Open(box, Purpose));
        }
    }

    [Fact]
    public void That_of_another_account_is_replaced_or_not_used()
    {
        using NodeIdentity other = Load("b");
        using (NodeIdentity made = Load("a", "horse"))
        {
            File.Copy(FileOf("b"), FileOf("a"), overwrite: true);
        }

        using (NodeIdentity locked = Load("a"))
            Assert.Null(locked.Fleet);

        File.Delete(FileOf("a"));
        other.Account!.Save(_folder.Of("a"));
        using NodeIdentity imported = Load("a");
        Assert.NotNull(imported.Fleet!.Open(other.Fleet!.Seal("hello"u8, Purpose), Purpose));
    }

    [Fact]
    public void Its_file_is_for_its_owner_alone()
    {
        Load("a").Dispose();
        if (OperatingSystem.IsWindows())
            return;

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(FileOf("a")));
        File.SetUnixFileMode(FileOf("a"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        Assert.Contains("chmod 600", Assert.Throws<IdentityException>(() => Load("a")).Message, StringComparison.Ordinal);
    }

    private string FileOf(string folder) => Path.Combine(_folder.Of(folder), FleetKey.FileName);

    private NodeIdentity Load(string folder, string? passphrase = null) => NodeIdentity.LoadOrCreate(_folder.Of(folder), "desk", passphrase, _time);
}
