using Mycel.Node.Backends;

namespace Mycel.Node.Tests.Backends;

public class OfferFiguresTests
{
    private readonly OfferFigures _figures = new();

    [Fact]
    public void A_stream_tells_the_first_token_and_the_rate_of_the_others()
    {
        for (var i = 0; i < OfferFigures.MinSamples; i++) _figures.RecordStream(Seconds(0.25), tokens: 101, Seconds(2));
        Assert.Equal((0.25, 50), (_figures.FirstTokenSeconds, _figures.TokensPerSecond));
        Assert.True(_figures.IsMeasured);
    }

    [Fact]
    public void One_answer_out_of_the_ordinary_changes_nothing()
    {
        // The first loads the model.
        _figures.RecordStream(Seconds(30), 101, Seconds(2));
        Assert.True(double.IsNaN(_figures.FirstTokenSeconds));
        for (var i = 0; i < 4; i++) _figures.RecordStream(Seconds(0.2), 101, Seconds(2));
        Assert.Equal(0.2, _figures.FirstTokenSeconds);
        _figures.RecordStream(Seconds(99), 5, Seconds(400));
        Assert.Equal((0.2, 50), (_figures.FirstTokenSeconds, _figures.TokensPerSecond));
    }

    [Fact]
    public void A_lasting_change_is_followed_within_some_answers()
    {
        for (var i = 0; i < 100; i++) _figures.RecordStream(Seconds(0.2), 101, Seconds(1));
        for (var i = 0; i < 8; i++) _figures.RecordStream(Seconds(2), 101, Seconds(10));
        Assert.Equal((2, 10), (_figures.FirstTokenSeconds, _figures.TokensPerSecond));
    }

    [Fact]
    public void What_is_claimed_counts_until_it_is_measured()
    {
        _figures.Claims = new OfferClaims { Slots = 1, FirstTokenSeconds = 0.1, TokensPerSecond = 1000 };
        Assert.Equal((0.1, 1000), (_figures.FirstTokenSeconds, _figures.TokensPerSecond));
        Assert.False(_figures.IsMeasured);
        for (var i = 0; i < OfferFigures.MinSamples; i++) _figures.RecordStream(Seconds(3), 11, Seconds(10));
        Assert.Equal((3, 1), (_figures.FirstTokenSeconds, _figures.TokensPerSecond));
    }

    [Fact]
    public void Documents_tell_the_rate_as_well_and_embeddings_their_time()
    {
        for (var i = 0; i < OfferFigures.MinSamples; i++) _figures.RecordDocument(Seconds(2), tokens: 100);
        Assert.Equal(50, _figures.TokensPerSecond);
        Assert.True(double.IsNaN(_figures.FirstTokenSeconds));
        var embeddings = new OfferFigures();
        for (var i = 0; i < OfferFigures.MinSamples; i++) embeddings.RecordDocument(Seconds(0.5), tokens: 0);
        Assert.Equal(0.5, embeddings.FirstTokenSeconds);
        var unknown = new OfferFigures();
        for (var i = 0; i < OfferFigures.MinSamples; i++) unknown.RecordDocument(Seconds(0.5), tokens: null);
        Assert.False(unknown.IsMeasured);
    }

    [Fact]
    public void Failures_lower_the_share_of_successes_and_answers_raise_it_again()
    {
        for (var i = 0; i < 10; i++) _figures.RecordFailure();
        Assert.InRange(_figures.SuccessShare, 0.3, 0.4);
        for (var i = 0; i < 50; i++) _figures.RecordDocument(Seconds(1), 10);
        Assert.InRange(_figures.SuccessShare, 0.99, 1);
    }

    [Fact]
    public async Task Many_may_record_at_once()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(
            () =>
            {
                for (var i = 0; i < 20_000; i++) _figures.RecordStream(Seconds(0.5), 11, Seconds(1));
            },
            TestContext.Current.CancellationToken)));
        Assert.Equal((0.5, 10), (_figures.FirstTokenSeconds, _figures.TokensPerSecond));
    }

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);
}
