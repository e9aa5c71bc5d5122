using System.Security.Cryptography;
using Mycel.Identity.Crypto;

namespace Mycel.Identity.Tests;

public class Ed25519Tests
{
    /// <summary>RFC 8032, section 7.1: seed, public key, message, signature.</summary>
    public static TheoryData<string, string, string, string> Rfc8032 => new()
    {
        {
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        },
        {
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        },
        {
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        },
        {
            "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
            "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"
        },
    };

    [Theory]
    [MemberData(nameof(Rfc8032))]
    public void Rfc_8032_vectors_are_reproduced(string seed, string publicKey, string message, string signature)
    {
        using var key = new DeviceKey(Convert.FromHexString(seed));
        byte[] bytes = Convert.FromHexString(message);

        Assert.Equal(publicKey, Convert.ToHexStringLower(key.PublicKey));
        Assert.Equal(signature, Convert.ToHexStringLower(key.Sign(bytes)));
        Assert.True(DeviceKey.Verify(key.PublicKey, bytes, Convert.FromHexString(signature)));
    }

    [Fact]
    public void A_changed_message_signature_or_key_does_not_verify()
    {
        using var key = new DeviceKey(RandomNumberGenerator.GetBytes(32));
        using var other = new DeviceKey(RandomNumberGenerator.GetBytes(32));
        byte[] message = [1, 2, 3];
        byte[] signature = key.Sign(message);
        byte[] changed = [.. signature];
        changed[40] ^= 1;

        Assert.False(DeviceKey.Verify(key.PublicKey, [1, 2, 4], signature));
        Assert.False(DeviceKey.Verify(key.PublicKey, message, changed));
        Assert.False(DeviceKey.Verify(other.PublicKey, message, signature));
        Assert.False(DeviceKey.Verify(key.PublicKey, message, signature.AsSpan(1)));
        Assert.False(DeviceKey.Verify(key.PublicKey[1..], message, signature));
    }

    [Fact]
    public void A_public_key_of_small_order_verifies_nothing()
    {
        // Under the neutral element, R = identity and S = 0 would fit every message.
        byte[] neutral = [1, .. new byte[31]];
        byte[] signature = [.. neutral, .. new byte[32]];

        Assert.False(DeviceKey.Verify(neutral, [1, 2, 3], signature));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(33)]
    public void A_seed_of_the_wrong_length_never_reaches_the_library(int length)
        => Assert.Throws<ArgumentException>(() => new DeviceKey(new byte[length]));

    [Fact]
    public void A_missing_library_is_named_with_the_way_to_install_it()
    {
        DllNotFoundException error = Assert.Throws<DllNotFoundException>(() => Sodium.Load(["libmycel-absent.so.1"]));

        Assert.Contains("libmycel-absent.so.1", error.Message);
        Assert.Contains("apt-get install libsodium23", error.Message);
    }
}
