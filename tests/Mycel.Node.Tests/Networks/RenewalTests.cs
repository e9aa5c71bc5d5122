using System.Security.Cryptography.X509Certificates;
using Mycel.Identity;
using Mycel.Identity.Certificates;
using Mycel.Node.Links;
using Mycel.Node.Networks;
using Mycel.Transport;

namespace Mycel.Node.Tests.Networks;

/// <summary>Certificates end and are made anew while nodes run; nobody notices.</summary>
public sealed class RenewalTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public RenewalTests() => Assert.SkipUnless(TransportProviders.Best is not null, "no QUIC on this machine");

    [Fact]
    public async Task A_links_certificate_is_renewed_the_link_goes_on_and_new_ones_show_the_new_one()
    {
        await using var host = await FoundAsync();
        await using var guest = await JoinedAsync(host, "guest");
        var link = guest.Links.Find(host.Id)!;
        var first = Shown(link);

        await LaterAsync(LinkCertificate.Validity / 2 + TimeSpan.FromMinutes(1), renewed: [host, guest], host, guest);

        Assert.Same(link, guest.Links.Find(host.Id));
        Assert.True(await guest.Get<Greeter>().GreetAsync(link, Cancellation));
        Assert.True(host.Serves(guest) && guest.Serves(host));
        await using var late = new NetworkNode("late") { Time = { Shift = host.Time.Shift } };
        await late.StartAsync();
        await late.JoinAsync(host.Invite());
        using var second = X509CertificateLoader.LoadCertificate(Shown(late.Links.Find(host.Id)!));
        Assert.Equal(host.Links.Credentials.Current.Certificate.RawData, second.RawData);
        Assert.NotEqual(first, second.RawData);

        // Also what the guest shows where it dials anew, although its certificate of before has ended for good by then.
        await LaterAsync(LinkCertificate.Validity / 2 + TimeSpan.FromMinutes(1), renewed: [host, guest], host, guest, late);
        await Until.TrueAsync(() => late.Serves(guest) && guest.Serves(late), "two members' meeting");
        await host.Links.CloseAsync(guest.Id, "to see it dial again");
        await Until.TrueAsync(() => guest.Links.Find(host.Id) is { } again && again != link && guest.Serves(host) && host.Serves(guest), "the link's being made anew");
        Assert.True(guest.Links.Find(host.Id)!.Since >= link.Since);
    }

    [Fact]
    public async Task A_devices_certificate_is_renewed_in_time_and_goes_to_its_file()
    {
        await using var host = await FoundAsync();
        await using var guest = await JoinedAsync(host, "guest");
        var link = guest.Links.Find(host.Id)!;
        var before = guest.Identity.Certificate;
        Assert.Equal(before.Serial, host.Links.Find(guest.Id)!.Peer.Certificate.Serial);

        await LaterAsync(NodeIdentity.CertificateValidity - NodeIdentity.RenewBefore + TimeSpan.FromHours(1), renewed: [host, guest], host, guest);

        var after = guest.Identity.Certificate;
        Assert.Equal((before.Serial + 1, before.PeerId, before.AccountId, before.Roles), (after.Serial, after.PeerId, after.AccountId, after.Roles));
        Assert.True(after.NotAfter > before.NotAfter);
        Assert.Equal(after.Serial, DeviceCertificate.Parse(File.ReadAllBytes(Path.Combine(guest.Folder, NodeIdentity.CertificateFileName))).Serial);
        Assert.Same(link, guest.Links.Find(host.Id));
        Assert.True(await guest.Get<Greeter>().GreetAsync(link, Cancellation));

        // The link began with the certificate of before. When that ends the link is made anew, by itself, with the one of now.
        await LaterAsync(before.NotAfter - host.Time.GetUtcNow() + TimeSpan.FromHours(1), renewed: [], host, guest);
        await Until.TrueAsync(() => !host.Serves(guest) || guest.Links.Find(host.Id) != link, "the old certificate's being refused");
        await Until.TrueAsync(
            () =>
            {
                // One that proves nothing any more stays linked for as long as a stranger.
                foreach (var node in new[] { host, guest }) node.Time.Shift += TimeSpan.FromSeconds(1);
                return host.Serves(guest) && guest.Serves(host);
            },
            "the link's being made anew");
        Assert.True(host.Links.Find(guest.Id)!.Peer.Certificate.Serial >= after.Serial);
    }

    /// <summary>Lets time pass on all nodes at once, and waits until some show new certificates.</summary>
    private static async Task LaterAsync(TimeSpan time, NetworkNode[] renewed, params NetworkNode[] nodes)
    {
        var before = renewed.Select(node => node.Links.Credentials.Current).ToArray();
        foreach (var node in nodes) node.Time.Shift += time;
        await Until.TrueAsync(() => renewed.Zip(before).All(pair => pair.First.Links.Credentials.Current != pair.Second), "the renewal");
    }

    private static byte[] Shown(Link link) => link.Connections[0].Transport.PeerCertificate.ToArray();

    private static async Task<NetworkNode> FoundAsync()
    {
        var node = await new NetworkNode("host").StartAsync();
        await node.Registry.CreateAsync("friends", isPublic: false);
        return node;
    }

    private static async Task<NetworkNode> JoinedAsync(NetworkNode host, string name)
    {
        var node = await new NetworkNode(name).StartAsync();
        await node.JoinAsync(host.Invite());
        return node;
    }
}
