using Mycel.Node.Links;
using Mycel.Node.Links.Wire;

namespace Mycel.Node.Networks;

/// <summary>Answers guests that redeem an invite.</summary>
internal sealed class RedeemHandler(Redemption redemption, TimeProvider time) : IStreamHandler
{
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(20);

    public Kind Kind => Kind.Redeem;

    public async Task HandleAsync(InboundStream stream)
    {
        if (stream.Header.RequestCase != StreamHeader.RequestOneofCase.Redeem)
        {
            await stream.RefuseAsync(400, "protocol", "The request says no invite.", mayTryOthers: false);
            return;
        }

        try
        {
            using var limit = new CancellationTokenSource(AnswerTime, time);
            stream.Write(await redemption.RedeemAsync(stream.Link.Peer, stream.Header.Redeem, limit.Token));
            await stream.Writer.FlushAsync(end: true);
        }
        catch (NetworkException refused)
        {
            await stream.RefuseAsync(refused.Status, refused.Code, refused.Message, mayTryOthers: false);
        }
        catch (OperationCanceledException)
        {
            await stream.RefuseAsync(503, "busy", "Too many guests ask at once. Try again in a moment.", mayTryOthers: false, retryAfterSeconds: 5);
        }
    }
}
