using System.Net;
using Mycel.Transport.Quic.Ngtcp2;

namespace Mycel.Transport.Tests;

public class SmokeTests
{
    [Fact]
    public async Task Works()
    {
        var provider = new Ngtcp2Provider();
        Assert.Null(provider.WhyNot);
        EndpointOptions O() => new() { Local = new IPEndPoint(IPAddress.Loopback, 0), Credentials = Certificates.Create(), Validator = _ => null };
        await using Pair pair = await Pair.ConnectAsync(await provider.BindAsync(O()), await provider.BindAsync(O()));
        _ = pair.Accepted.EchoAsync();
        Assert.Equal("hello"u8.ToArray(), await pair.Dialled.AskAsync("hello"u8.ToArray(), Timeouts.Token()));
        var sw = System.Diagnostics.Stopwatch.StartNew();
        for (int i = 0; i < 10000; i++) await pair.Dialled.AskAsync("hello"u8.ToArray(), Timeouts.Token());
        Console.WriteLine($"10000 sequential: {sw.Elapsed.TotalMilliseconds / 10:F1} us each");
        var big = new byte[100 << 20]; Random.Shared.NextBytes(big); sw.Restart();
        var got = await pair.Dialled.AskAsync(big); Assert.True(got.AsSpan().SequenceEqual(big)); Console.WriteLine($"100 MB echo {sw.Elapsed.TotalMilliseconds:F0} ms");
    }
}
