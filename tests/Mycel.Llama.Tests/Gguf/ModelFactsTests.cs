using Mycel.Llama.Gguf;
using Mycel.Llama.Tests.Engine;

namespace Mycel.Llama.Tests.Gguf;

public sealed class ModelFactsTests : IDisposable
{
    private readonly Folder _folder = new();

    public void Dispose() => _folder.Dispose();

    private ModelFacts Facts(GgufFile file) => ModelFacts.Read(_folder.File("m.gguf", file.ToBytes()));

    private static GgufFile Llama(string architecture = "llama") => new GgufFile().Add("general.architecture", architecture)
        .Add($"{architecture}.block_count", 2u).Add($"{architecture}.embedding_length", 64u).Add($"{architecture}.attention.head_count", 8u).Add($"{architecture}.context_length", 8192u);

    [Fact]
    public void The_shipped_model()
    {
        ModelFacts facts = ModelFacts.Read(TestModels.Tiny);
        Assert.Equal("llama", facts.Architecture);
        Assert.Equal("tiny-austen-chat", facts.Name);
        Assert.Equal(1_967_808, facts.ParameterCount);
        Assert.Equal(facts.ParameterCount, facts.ActiveParameterCount);
        Assert.Equal("Q8_0", facts.Quantization);
        Assert.InRange(facts.BitsPerWeight!.Value, 8.4, 8.7);
        Assert.Equal(512, facts.ContextLength);
        Assert.Equal(4, facts.Layers);
        Assert.Equal(192, facts.EmbeddingLength);
        Assert.Equal(2048, facts.VocabularySize);
        Assert.Equal([2, 2, 2, 2], facts.HeadCountKv);
        Assert.True(facts.HasChatTemplate);
        Assert.False(facts.IsEmbedding);
        Assert.Null(facts.Unservable);
        Assert.Equal(["2M", "Q8_0", "512 context", "chat"], facts.Tags);
        Assert.Equal("tiny", facts.Tier);
    }

    [Fact]
    public void SmolLM2()
    {
        ModelFacts facts = ModelFacts.Read(TestModels.Shared("smollm2-135m-instruct-q4_1.gguf"));
        Assert.Equal(134_515_008, facts.ParameterCount);
        Assert.Equal(["135M", "Q4_1", "8k context", "chat"], facts.Tags);
        Assert.Equal("tiny", facts.Tier);
    }

    [Fact]
    public void MiniLM()
    {
        ModelFacts facts = ModelFacts.Read(TestModels.Shared("all-minilm-l6-v2-q8_0.gguf"));
        Assert.True(facts.IsEmbedding);
        Assert.Equal(["23M", "Q8_0", "512 context", "embedding"], facts.Tags);
        Assert.Null(facts.Tier);
        Assert.Equal(0, MemoryPlan.For(facts, 512, 1).CacheBytes);
    }

    [Fact]
    public void What_a_file_does_not_tell_is_unknown()
    {
        ModelFacts facts = Facts(new GgufFile().Add("general.architecture", "new").Tensor("t", 10));
        Assert.Equal((null, null, null, null, null), (facts.Name, facts.ContextLength, facts.Layers, facts.EmbeddingLength, facts.VocabularySize));
        Assert.Empty(facts.HeadCountKv);
        Assert.Equal("F32", facts.Quantization);
        Assert.Equal(["10", "F32"], facts.Tags);
        Assert.Throws<GgufException>(() => Facts(new GgufFile().Tensor("t", 10)));
    }

    [Fact]
    public void Numbers_of_the_wrong_kind_are_unknown()
    {
        ModelFacts facts = Facts(new GgufFile().Add("general.architecture", "llama").Add("llama.block_count", "two").Add("llama.context_length", ulong.MaxValue)
            .Add("llama.embedding_length", uint.MaxValue).Add("llama.attention.head_count_kv", [1u]).Add("general.file_type", 999u).Tensor("t", 10));
        Assert.Equal((null, null, null), (facts.Layers, facts.ContextLength, facts.EmbeddingLength));
        Assert.Equal("F32", facts.Quantization);
    }

    [Fact]
    public void A_mixture_of_experts_counts_those_used()
    {
        GgufFile file = Llama().Add("llama.expert_count", 8u).Add("llama.expert_used_count", 2u).Tensor("blk.0.ffn_up_exps.weight", 10, 100, 8).Tensor("output.weight", 1000);
        ModelFacts facts = Facts(file);
        Assert.Equal(9000, facts.ParameterCount);
        Assert.Equal(3000, facts.ActiveParameterCount);
        Assert.Contains("MoE 9K-A3K", facts.Tags);
        Assert.Contains("MoE 8x7B", Facts(file.Add("general.size_label", "8x7B")).Tags);
    }

    [Theory]
    [InlineData("starcoder2-3b", true)]
    [InlineData("Qwen2.5-Coder-7B", true)]
    [InlineData("Codestral", true)]
    [InlineData("CodeLlama 13B", true)]
    [InlineData("t5-encoder-decoder", false)]
    [InlineData("codec-bpe", false)]
    [InlineData("Llama 3", false)]
    public void Code_is_told_by_names(string name, bool expected) => Assert.Equal(expected, Facts(Llama().Add("general.name", name).Tensor("t", 1)).Tags.Contains("code"));

    [Fact]
    public void Tags_of_other_kinds()
    {
        Assert.Contains("rerank", Facts(Llama("bert").Add("bert.pooling_type", 4u).Tensor("t", 1)).Tags);
        ModelFacts qwen = Facts(Llama("qwen3").Add("qwen3.pooling_type", 3u).Add("tokenizer.chat_template", "{{ tools }}").Tensor("t", 1));
        Assert.True(qwen.IsEmbedding);
        Assert.DoesNotContain("chat", qwen.Tags);
        ModelFacts thinking = Facts(Llama().Add("tokenizer.chat_template", "{% if tools %}{% endif %}<think>").Add("llama.vision.block_count", 3u).Tensor("t", 1));
        Assert.Superset(new HashSet<string> { "chat", "tools", "reasoning", "vision" }, thinking.Tags.ToHashSet());
        Assert.Contains("code", Facts(Llama().Add("general.tags", ["code", "text"]).Tensor("t", 1)).Tags);
    }

    [Fact]
    public void What_cannot_be_served_alone_says_why()
    {
        ModelFacts projector = Facts(new GgufFile().Add("general.architecture", "clip").Add("clip.has_vision_encoder", true).Tensor("v.x", 1));
        Assert.Contains("projector", projector.Unservable);
        Assert.Contains("vision", projector.Tags);
        Assert.Contains("LoRA", Facts(Llama().Add("general.type", "adapter").Tensor("t", 1)).Unservable);
        Assert.Contains("vocabulary", Facts(Llama()).Unservable);
    }

    [Theory]
    [InlineData(135_000_000L, null, 5.0, "tiny")]
    [InlineData(1_000_000_000L, null, 5.0, "small")]
    [InlineData(7_000_000_000L, null, 4.5, "medium")]
    [InlineData(7_000_000_000L, null, 2.5, "small")]
    [InlineData(30_500_000_000L, 3_300_000_000L, 4.5, "medium")]
    [InlineData(70_000_000_000L, null, null, "large")]
    [InlineData(671_000_000_000L, 37_000_000_000L, 4.5, "frontier")]
    [InlineData(null, null, 4.5, null)]
    public void Tiers(long? parameters, long? active, double? bits, string? expected) => Assert.Equal(expected, ModelTier.Of(parameters, active, bits));

    [Theory]
    [InlineData(876, "876")]
    [InlineData(1_970_000, "2M")]
    [InlineData(134_515_008, "135M")]
    [InlineData(999_600_000, "1B")]
    [InlineData(7_241_732_096, "7.2B")]
    [InlineData(8_030_261_248, "8B")]
    [InlineData(9_960_000_000, "10B")]
    [InlineData(1_042_000_000_000, "1T")]
    public void Counts(long number, string expected) => Assert.Equal(expected, ModelTags.Count(number));
}
