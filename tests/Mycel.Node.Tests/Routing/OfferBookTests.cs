using Mycel.Node.Backends;
using Mycel.Node.Observability;
using Mycel.Node.Routing;

namespace Mycel.Node.Tests.Routing;

public sealed class OfferBookTests
{
    private readonly NodeMetrics _metrics = new();

    [Fact]
    public void Names_that_change_with_each_record_and_are_never_asked_for_leave_nothing()
    {
        var book = new OfferBook(_metrics);
        var (honest, hostile) = (Backend("honest"), Backend("hostile"));
        var good = Rebuild(book, (honest, "good"))[0];
        good.Figures.LastUsedAt = 1;
        for (var i = 0; i < OfferFigures.MinSamples; i++) good.Figures.RecordDocument(TimeSpan.FromSeconds(1), 10);
        good.Metrics.CountRequest(200);

        for (var i = 0; i < 2 * OfferBook.MaxRemembered; i++) Rebuild(book, (hostile, $"name {i}"));

        Assert.InRange(book.Remembered, 1, 3);
        Assert.Equal(["fake:honest"], _metrics.Routes.Where(r => r.Model.Length > 0).Select(r => r.Route));
        Assert.Same(good.Figures, Rebuild(book, (honest, "good"))[0].Figures);
    }

    [Fact]
    public void What_is_under_way_on_an_offer_that_went_is_known_when_it_comes_back()
    {
        var book = new OfferBook(_metrics);
        var backend = Backend("a");
        var offer = Rebuild(book, (backend, "m"))[0];
        offer.Figures.InFlight = 1;

        Rebuild(book);

        Assert.Same(offer.Figures, Rebuild(book, (backend, "m"))[0].Figures);
    }

    [Fact]
    public void Peers_names_that_are_asked_for_take_no_room_from_others()
    {
        for (var i = 0; i < 2 * NodeMetrics.MaxSeries; i++) _metrics.For($"peer:{i % 7}", $"m{i}").CountRequest(200);

        Assert.Equal(("relay:a", "m"), (_metrics.For("relay:a", "m").Route, _metrics.For("relay:a", "m").Model));
        Assert.InRange(_metrics.Routes.Count(), NodeMetrics.MaxPeerSeries, NodeMetrics.MaxPeerSeries + 3);
        var rest = Assert.Single(_metrics.Routes, r => r.Route == "peer:other");
        Assert.Equal(2 * NodeMetrics.MaxSeries - NodeMetrics.MaxPeerSeries, rest.Requests.Sum(r => r.Count));
    }

    private static FakeBackend Backend(string name) => new(name, 4, TimeProvider.System);

    private static List<Offer> Rebuild(OfferBook book, params (Backend Backend, string Model)[] offered)
    {
        book.Begin();
        var offers = offered.Select(o => book.Get(o.Backend, o.Model, o.Model, OfferPlace.Peer)).ToList();
        book.End();
        return offers;
    }
}
