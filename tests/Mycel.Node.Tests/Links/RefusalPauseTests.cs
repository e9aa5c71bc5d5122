using Mycel.Node.Links;
using Mycel.Node.Tests.Networks;
using Mycel.Transport;

namespace Mycel.Node.Tests.Links;

/// <summary>A peer that is there and has no room is left in peace like one that is not there.</summary>
public sealed class RefusalPauseTests
{
    public RefusalPauseTests() => Assert.SkipUnless(TransportProviders.Best is not null, "no QUIC on this machine");

    [Fact]
    public async Task A_peer_without_room_is_dialled_with_pauses_and_the_reason_is_told()
    {
        await using var host = await new NetworkNode("host").StartAsync();
        await host.Registry.CreateAsync("friends", isPublic: false);
        await using var first = await new NetworkNode("first").StartAsync();
        await using var second = await new NetworkNode("second").StartAsync();
        await first.JoinAsync(host.Invite());
        await second.JoinAsync(host.Invite());
        var dialled = 0;
        second.Links.Dialled += Count;

        host.Options.Current = host.Options.Current with { Links = host.Options.Current.Links with { MaxLinks = 1 } };
        await host.Links.CloseAsync(second.Id, "a test");
        await Until.TrueAsync(() => Volatile.Read(ref dialled) > 0, "dialling again");
        for (var i = 0; i < 15; i++) await Task.Delay(100, TestContext.Current.CancellationToken);

        Assert.InRange(Volatile.Read(ref dialled), 1, 6);
        Assert.Contains("as many links", second.Links.LastError(host.Id));

        void Count(Link link)
        {
            if (link.Id == host.Id) Interlocked.Increment(ref dialled);
        }
    }
}
