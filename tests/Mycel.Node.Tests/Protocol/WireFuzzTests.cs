using Google.Protobuf;
using Mycel.Identity;
using Mycel.Node.Links;
using Mycel.Node.Links.Wire;
using Mycel.Node.Networks;
using Mycel.Transport.Frames;

namespace Mycel.Node.Tests.Protocol;

/// <summary>Whatever a peer puts into a frame is a message or refused.</summary>
public sealed class WireFuzzTests
{
    [Fact]
    public void Headers() => Fuzz(StreamHeader.Parser, keys => [WireVectors.InferenceHeader(keys), WireVectors.RedeemHeader(keys), WireVectors.Plain(Kind.Greeting)], 1);

    [Fact]
    public void Greetings() => Fuzz(Greeting.Parser, keys => [WireVectors.GreetingOf(keys)], 2);

    [Fact]
    public void Updates() => Fuzz(Update.Parser, keys => [WireVectors.UpdateOf(keys)], 3);

    [Fact]
    public void Redeemed_answers() => Fuzz(Redeemed.Parser, keys => [WireVectors.RedeemedOf(keys)], 4);

    [Fact]
    public void Heads_trailers_and_refusals()
    {
        Fuzz(ResponseHead.Parser, _ => [WireVectors.Head], 5);
        Fuzz(Trailer.Parser, _ => [WireVectors.TrailerOf(73)], 6);
        Fuzz(Refusal.Parser, _ => [WireVectors.Refusal], 7);
    }

    [Fact]
    public void Records_and_their_signatures()
    {
        using var keys = new VectorKeys();
        var count = 0;
        var kept = WireVectors.SignedRecord(keys);
        Fuzzing.Run(
            [kept],
            input =>
            {
                var record = NodeRecords.Read(ByteString.CopyFrom(input.Span), VectorKeys.Now);
                // Signatures are what takes time.
                if (count++ % 16 != 0) return;
                record.Verify();
                Assert.Equal(WireVectors.Record(keys), record.Body);
            },
            thrown => thrown is StatementException,
            8);
    }

    [Fact]
    public void Proofs_of_membership()
    {
        using var keys = new VectorKeys();
        // Each costs up to four signatures.
        Fuzzing.Run(
            WireVectors.GreetingOf(keys).Networks.Select(proof => proof.ToByteArray()),
            input => NetworkProof.Read(WireMessages.Parse(MemberProof.Parser, input), keys.GuestAccount.PublicKey),
            thrown => thrown is StatementException or FrameException,
            9,
            Fuzzing.DefaultCount / 10);
    }

    private static void Fuzz<T>(MessageParser<T> parser, Func<VectorKeys, IMessage[]> valid, int salt)
        where T : class, IMessage<T>
    {
        using var keys = new VectorKeys();
        Fuzzing.Run(valid(keys).Select(message => message.ToByteArray()), input => WireMessages.Parse(parser, input), thrown => thrown is FrameException, salt);
    }
}
