using System.Security.Cryptography;

namespace Mycel.Identity.Tests;

public class PeerIdTests
{
    private const string Text = "00ff102030405060708090a0b0c0d0e0f0123456789abcdef0123456789abcde";

    [Fact]
    public void The_id_is_the_sha256_of_the_public_key_in_lowercase_hex()
    {
        byte[] publicKey = RandomNumberGenerator.GetBytes(32);

        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(publicKey)), PeerId.FromPublicKey(publicKey).ToString());
    }

    [Fact]
    public void Writing_and_reading_give_the_same_id()
    {
        PeerId id = PeerId.Parse(Text);
        var bytes = new byte[PeerId.SizeBytes];
        id.CopyTo(bytes);

        Assert.Equal(Text, id.ToString());
        Assert.Equal(Convert.FromHexString(Text), bytes);
        Assert.Equal(id, new PeerId(bytes));
        Assert.Equal(id.GetHashCode(), new PeerId(bytes).GetHashCode());
    }

    [Fact]
    public void Ids_that_differ_in_any_byte_are_not_equal()
    {
        PeerId id = PeerId.Parse(Text);
        for (int i = 0; i < PeerId.SizeBytes; i++)
        {
            byte[] bytes = Convert.FromHexString(Text);
            bytes[i] ^= 1;
            Assert.True(id != new PeerId(bytes));
            Assert.False(id == new PeerId(bytes));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("00ff")]
    [InlineData("00FF102030405060708090a0b0c0d0e0f0123456789abcdef0123456789abcde")]
    [InlineData("00fg102030405060708090a0b0c0d0e0f0123456789abcdef0123456789abcde")]
    [InlineData("00ff102030405060708090a0b0c0d0e0f0123456789abcdef0123456789abcde0")]
    [InlineData(" 0ff102030405060708090a0b0c0d0e0f0123456789abcdef0123456789abcde")]
    public void Any_other_spelling_is_refused(string text)
    {
        Assert.False(PeerId.TryParse(text, out PeerId id));
        Assert.Equal(default, id);
        Assert.Throws<FormatException>(() => PeerId.Parse(text));
    }
}
