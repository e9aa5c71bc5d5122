using System.Text;
using Mycel.Identity.Crypto;

namespace Mycel.Identity.Tests;

public class XChaCha20Poly1305Tests
{
    private static readonly byte[] Key = [.. Enumerable.Range(0x80, 32).Select(b => (byte)b)];
    private static readonly byte[] Nonce = [.. Enumerable.Range(0x40, 24).Select(b => (byte)b)];
    private static readonly byte[] Binding = Convert.FromHexString("50515253c0c1c2c3c4c5c6c7");

    [Fact]
    public void The_vector_of_the_XChaCha_draft_is_reproduced()
    {
        // draft-irtf-cfrg-xchacha, appendix A.3.1
        byte[] message = Encoding.ASCII.GetBytes(
            "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.");
        string expected = "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39"
            + "ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
            + "21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49";

        byte[] box = XChaCha20Poly1305.Seal(Key, Nonce, message, Binding);

        Assert.Equal(expected, Convert.ToHexStringLower(box.AsSpan(XChaCha20Poly1305.NonceSizeBytes)));
        Assert.Equal(message, XChaCha20Poly1305.Open(Key, box, Binding));
    }

    [Fact]
    public void Every_changed_byte_is_noticed()
    {
        byte[] box = XChaCha20Poly1305.Seal(Key, [1, 2, 3, 4, 5], Binding);

        for (int i = 0; i < box.Length; i++)
        {
            box[i] ^= 0x10;
            Assert.Null(XChaCha20Poly1305.Open(Key, box, Binding));
            box[i] ^= 0x10;
        }

        Assert.Equal([1, 2, 3, 4, 5], XChaCha20Poly1305.Open(Key, box, Binding));
        Assert.Null(XChaCha20Poly1305.Open(Key, box.AsSpan(0, XChaCha20Poly1305.OverheadBytes - 1), Binding));
        Assert.Null(XChaCha20Poly1305.Open(Key, box, []));
    }
}
