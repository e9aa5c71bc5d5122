using System.Text;

namespace Mycel.Identity.Tests;

public sealed class AccountKeyTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(null)]
    [InlineData("correct horse")]
    public void Comes_back_as_it_was_saved(string? passphrase)
    {
        using AccountKey key = AccountKey.Create();
        key.Save(_folder.Path, passphrase);
        using AccountKey? loaded = AccountKey.Load(_folder.Path, passphrase);

        Assert.Equal(key.AccountId, loaded!.AccountId);
        Assert.Equal(key.Sign("hello"u8), loaded.Sign("hello"u8));
        Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(_folder.Of(AccountKey.FileName)) == AtomicFile.PrivateMode);
    }

    [Fact]
    public void An_encrypted_file_does_not_hold_the_seed_and_opens_with_its_passphrase_only()
    {
        using AccountKey key = AccountKey.Create();
        key.Save(_folder.Path, "correct horse");
        string text = File.ReadAllText(_folder.Of(AccountKey.FileName));

        Assert.DoesNotContain(Convert.ToHexStringLower(key.Seed), text, StringComparison.Ordinal);
        Assert.Contains("passphrase is needed", Assert.Throws<LockedKeyException>(() => AccountKey.Load(_folder.Path)).Message, StringComparison.Ordinal);
        Assert.Contains("does not open", Assert.Throws<LockedKeyException>(() => AccountKey.Load(_folder.Path, "wrong")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_saves_with_one_passphrase_differ()
    {
        using AccountKey key = AccountKey.Create();
        key.Export(_folder.Of("a"), "x");
        key.Export(_folder.Of("b"), "x");

        Assert.NotEqual(File.ReadAllText(_folder.Of("a")), File.ReadAllText(_folder.Of("b")));
        using AccountKey imported = AccountKey.Import(_folder.Of("b"), "x");
        Assert.Equal(key.AccountId, imported.AccountId);
    }

    [Theory]
    [InlineData("")]
    [InlineData("mycel device key 1 - secret, never share this file\nseed 00\n")]
    [InlineData("mycel account key 1, encrypted\nargon2id 3 999999\n")]
    [InlineData("mycel account key 1, encrypted\nargon2id -1 64\nsalt zz\n")]
    public void A_file_that_is_none_is_refused_with_what_to_do(string content)
    {
        File.WriteAllText(_folder.Of("other"), content);

        Assert.Contains("is damaged", Assert.Throws<IdentityException>(() => AccountKey.Import(_folder.Of("other"), "x")).Message, StringComparison.Ordinal);
        Assert.Throws<IdentityException>(() => AccountKey.Import(_folder.Of("absent")));
    }

    [Fact]
    public void Any_changed_byte_is_noticed()
    {
        using AccountKey key = AccountKey.Create();
        key.Export(_folder.Of("key"));
        byte[] content = File.ReadAllBytes(_folder.Of("key"));
        int seed = Encoding.ASCII.GetString(content).IndexOf("seed ", StringComparison.Ordinal) + 5;
        for (int i = seed; i < seed + 64; i++)
        {
            byte[] changed = [.. content];
            changed[i] = changed[i] == (byte)'0' ? (byte)'1' : (byte)'0';
            File.WriteAllBytes(_folder.Of("changed"), changed);
            Assert.Throws<IdentityException>(() => AccountKey.Import(_folder.Of("changed")));
        }
    }
}
