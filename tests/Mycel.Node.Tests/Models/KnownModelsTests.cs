using Mycel.Node.Configuration;
using Mycel.Node.Models;
using Mycel.Node.Models.Pulling;

namespace Mycel.Node.Tests.Models;

public class KnownModelsTests
{
    private const long Gigabyte = 1_000_000_000;

    [Fact]
    public void Every_known_model_can_be_asked_for_by_its_name()
    {
        var hub = new HubSettings(new Uri("https://hub.test"), null);

        Assert.All(KnownModels.All, model =>
        {
            var source = PullSource.Of(new PullRequest(model.Name.ToUpperInvariant()), hub, allowPrivate: false);
            Assert.Equal((model.Name, model.Source, model.Sha256), (source.Name, source.Shown, source.Sha256));
            Assert.InRange(8.0 * model.Bytes / model.Parameters, 4, 9);
        });
        Assert.Equal(KnownModels.All.Count, KnownModels.All.Select(model => model.Name).Distinct().Count());
    }

    [Fact]
    public void A_misspelt_name_is_told_with_near_ones()
    {
        var error = Assert.Throws<ModelException>(() => PullSource.Of(new PullRequest("qwen3-4"), new HubSettings(new Uri("https://hub.test"), null), allowPrivate: false));

        Assert.Equal("model_not_found", error.Code);
        Assert.Contains("qwen3-4b", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_fits_comes_first_the_most_able_at_the_top_and_what_does_not_fit_last()
    {
        var ranked = Recommender.Rank(new LocalEngineOptions(), 8 * Gigabyte, ["qwen3-8b"]);

        Assert.Equal((8 * Gigabyte, false), (ranked.BudgetBytes, ranked.IsConfigured));
        Assert.Equal("qwen3-8b", ranked.Models[0].Model.Name);
        Assert.True(ranked.Models[0].IsPulled);
        Assert.Equal(KnownModels.All.Count, ranked.Models.Count);
        var fitting = ranked.Models.TakeWhile(one => one.Fits).ToList();
        Assert.All(fitting, one => Assert.InRange(one.NeededBytes, one.Model.Bytes, ranked.BudgetBytes));
        Assert.All(ranked.Models.Skip(fitting.Count), one => Assert.True(!one.Fits && one.NeededBytes > ranked.BudgetBytes));
        Assert.Equal(ModelPurpose.Embedding, fitting[^1].Model.Purpose);
    }

    [Theory]
    [InlineData(2, "llama-3.2-1b")]
    [InlineData(4, "qwen3-4b")]
    [InlineData(64, "mistral-small-24b")]
    public void More_memory_brings_more_able_models(int gigabytes, string best) =>
        Assert.Equal(best, Recommender.Rank(new LocalEngineOptions(), gigabytes * Gigabyte, []).Models[0].Model.Name);

    [Fact]
    public void The_settings_decide_memory_slots_and_context()
    {
        var ranked = Recommender.Rank(new LocalEngineOptions { MemoryMegabytes = 2_000, Slots = 1, ContextLength = 2_048 }, 64 * Gigabyte, []);

        Assert.Equal((2_000L << 20, true), (ranked.BudgetBytes, ranked.IsConfigured));
        Assert.All(ranked.Models.Where(one => one.Fits), one => Assert.Equal((1, 2_048), (one.Slots, one.ContextLength)));
    }

    [Fact]
    public void Nothing_fits_where_there_is_no_memory() => Assert.DoesNotContain(Recommender.Rank(new LocalEngineOptions(), 0, []).Models, one => one.Fits);
}
