using Mycel.Llama.Gguf;
using Mycel.Llama.Tests.Engine;

namespace Mycel.Llama.Tests.Gguf;

public sealed class MemoryPlanTests : IDisposable
{
    private const double MiB = 1 << 20;

    private readonly Folder _folder = new();

    public void Dispose() => _folder.Dispose();

    private ModelFacts Facts(GgufFile file) => ModelFacts.Read(_folder.File("m.gguf", file.ToBytes()));

    private static GgufFile Model(string architecture, params (string Key, uint Value)[] values)
    {
        GgufFile file = new GgufFile().Add("general.architecture", architecture).Tensor("t", 1);
        foreach ((string key, uint value) in values)
            file.Add($"{architecture}.{key}", value);
        return file;
    }

    private static double CacheMiB(ModelFacts facts, int cells, int slots = 1) => MemoryPlan.For(facts, cells / slots, slots).CacheBytes / MiB;

    // What llama.cpp 0.5.0 itself reports (llama-server -v, 4 slots, one unified cache, 512 tokens a batch).
    [Theory]
    [InlineData(2048, 2.00, 6.51, 0.03)]
    [InlineData(16384, 16.00, 20.51, 0.03)]
    public void The_shipped_model_needs_what_llama_cpp_reports(int cells, double cache, double compute, double output) =>
        AssertPlan(TestModels.Tiny, cells, cache, compute, output);

    [Theory]
    [InlineData(4096, 90.00, 17.51, 0.75)]
    [InlineData(8192, 180.00, 21.51, 0.75)]
    [InlineData(32768, 720.00, 45.51, 0.75)]
    public void SmolLM2_needs_what_llama_cpp_reports(int cells, double cache, double compute, double output) =>
        AssertPlan(TestModels.Shared("smollm2-135m-instruct-q4_1.gguf"), cells, cache, compute, output);

    [Theory]
    [InlineData(512, 5.76)]
    [InlineData(2048, 29.05)]
    public void MiniLM_needs_what_llama_cpp_reports(int context, double compute)
    {
        MemoryPlan plan = MemoryPlan.For(ModelFacts.Read(TestModels.Shared("all-minilm-l6-v2-q8_0.gguf")), context, 4);
        Assert.Equal(0, plan.CacheBytes);
        Assert.InRange(plan.ComputeBytes / MiB, compute * 0.98, compute * 1.02);
    }

    private static void AssertPlan(string path, int cells, double cache, double compute, double output)
    {
        MemoryPlan plan = MemoryPlan.For(ModelFacts.Read(path), cells / 4, 4);
        Assert.Equal(new FileInfo(path).Length, plan.WeightBytes);
        Assert.Equal(cache, plan.CacheBytes / MiB);
        Assert.InRange(plan.ComputeBytes / MiB, compute * 0.98, compute * 1.02);
        // It kept an output for each of its 4 sequences; an engine of 4 slots has 8.
        Assert.Equal(2 * output, plan.OutputBytes / MiB, 0.01);
        Assert.Equal(plan.WeightBytes + plan.CacheBytes + plan.ComputeBytes + plan.OutputBytes, plan.TotalBytes);
    }

    [Fact]
    public void Heads_may_have_lengths_of_their_own()
    {
        // Qwen3 8B: 36 layers, 8 heads of 128 for keys and values: 144 KiB a token.
        ModelFacts facts = Facts(Model("qwen3", ("block_count", 36), ("embedding_length", 4096), ("attention.head_count", 32), ("attention.head_count_kv", 8), ("attention.key_length", 128), ("attention.value_length", 128)));
        Assert.Equal(144, CacheMiB(facts, 1024));
    }

    [Fact]
    public void Layers_may_differ_in_heads()
    {
        ModelFacts facts = Facts(Model("deci", ("block_count", 3), ("embedding_length", 1024), ("attention.head_count", 8)).Add("deci.attention.head_count_kv", [8u, 0u, 2u]));
        Assert.Equal(10 * 128 * 2 * 2 / 1024.0, CacheMiB(facts, 1024));
    }

    [Fact]
    public void Latent_attention_keeps_one_vector()
    {
        // DeepSeek V3: 61 layers, 576 numbers each.
        ModelFacts facts = Facts(Model("deepseek2", ("block_count", 61), ("embedding_length", 7168), ("attention.head_count", 128), ("attention.head_count_kv", 1),
            ("attention.key_length", 576), ("attention.value_length", 512), ("attention.key_length_mla", 192), ("attention.value_length_mla", 128)));
        Assert.Equal(61 * 576 * 2 / 1024.0, CacheMiB(facts, 1024));
    }

    [Fact]
    public void Recurrent_layers_keep_a_state_for_each_slot_only()
    {
        // Mamba 130M: 24 layers of (4 - 1) × 1536 + 16 × 1536 numbers, 32 bits each.
        GgufFile file = Model("mamba", ("block_count", 24), ("embedding_length", 768), ("attention.head_count", 0), ("ssm.conv_kernel", 4), ("ssm.inner_size", 1536), ("ssm.state_size", 16));
        for (int i = 0; i < 24; i++)
            file.Tensor($"blk.{i}.ssm_a", 1);
        ModelFacts facts = Facts(file);
        Assert.Equal(24 * 19 * 1536 * 4 * 2, MemoryPlan.For(facts, 4096, 2).CacheBytes);
    }

    [Fact]
    public void In_a_hybrid_only_layers_that_attend_have_a_cache()
    {
        GgufFile file = Model("qwen3next", ("block_count", 4), ("embedding_length", 512), ("attention.head_count", 4), ("attention.head_count_kv", 2), ("attention.key_length", 128), ("attention.value_length", 128),
            ("ssm.conv_kernel", 4), ("ssm.inner_size", 1024), ("ssm.state_size", 64), ("ssm.group_count", 2));
        for (int i = 0; i < 3; i++)
            file.Tensor($"blk.{i}.ssm_conv1d.weight", 1);
        ModelFacts facts = Facts(file.Tensor("blk.3.attn_k.weight", 1));
        long state = 3 * (3 * (1024 + 2 * 2 * 64) + 64 * 1024) * 4;
        Assert.Equal(256 * 2 * 256 * 2 + state, MemoryPlan.For(facts, 256, 1).CacheBytes);
    }

    [Fact]
    public void Layers_that_share_or_only_guess_ahead_have_no_cache()
    {
        (string, uint)[] common = [("block_count", 10), ("embedding_length", 1024), ("attention.head_count", 8), ("attention.head_count_kv", 8)];
        double all = CacheMiB(Facts(Model("llama", common)), 1024);
        Assert.Equal(all * 0.6, CacheMiB(Facts(Model("gemma4", [.. common, ("attention.shared_kv_layers", 4)])), 1024), 1e-9);
        Assert.Equal(all * 0.9, CacheMiB(Facts(Model("glm4moe", [.. common, ("nextn_predict_layers", 1)])), 1024), 1e-9);
    }

    [Fact]
    public void Fit_keeps_the_context_useful_before_the_slots()
    {
        ModelFacts facts = ModelFacts.Read(TestModels.Shared("smollm2-135m-instruct-q4_1.gguf"));
        (int Context, int Slots)? Fit(double megabytes) => MemoryPlan.Fit(facts, (long)(megabytes * 1e6), 8192, 4);
        Assert.Equal((8192, 4), Fit(2000));
        (int context, int slots) = Fit(700)!.Value;
        Assert.Equal(4, slots);
        Assert.InRange(context, 4096, 8191);
        (context, slots) = Fit(320)!.Value;
        Assert.Equal(2, slots);
        Assert.InRange(context, 4096, 8191);
        (context, slots) = Fit(150)!.Value;
        Assert.Equal(1, slots);
        Assert.InRange(context, 256, 4095);
        Assert.Null(Fit(100));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void What_fits_is_within_the_budget_and_little_more_would_not_be(int seed)
    {
        Random random = new(seed);
        ModelFacts facts = ModelFacts.Read(TestModels.Tiny);
        for (int round = 0; round < 200; round++)
        {
            long budget = random.Next(1_000_000, 200_000_000);
            int wantedContext = random.Next(1, 100_000);
            int wantedSlots = random.Next(1, 20);
            if (MemoryPlan.Fit(facts, budget, wantedContext, wantedSlots) is not var (context, slots))
            {
                Assert.True(MemoryPlan.For(facts, Math.Min(wantedContext, MemoryPlan.LeastContext), 1).TotalBytes > budget);
                continue;
            }
            Assert.InRange(context, 1, wantedContext);
            Assert.InRange(slots, 1, wantedSlots);
            Assert.True(MemoryPlan.For(facts, context, slots).TotalBytes <= budget);
            if (context < wantedContext)
                Assert.True(MemoryPlan.For(facts, context + 512, slots).TotalBytes > budget);
        }
    }

    [Fact]
    public void A_refusal_tells_the_numbers_and_a_way_out()
    {
        ModelFacts facts = Facts(Model("llama", ("block_count", 32), ("embedding_length", 4096), ("attention.head_count", 32), ("attention.head_count_kv", 8), ("feed_forward_length", 14336)));
        MemoryPlan plan = MemoryPlan.For(facts, 32768, 4) with { WeightBytes = 4_900_000_000 };
        Assert.StartsWith("needs 22.3 GB (weights 4.9 + context 17.2 + working memory 0.2), this machine has 7.8 GB free: ", plan.Refusal(facts with { FileBytes = 4_900_000_000 }, 7_800_000_000), StringComparison.Ordinal);
        Assert.Contains("engine.context", plan.Refusal(facts, 7_800_000_000));
        Assert.Contains("smaller model", plan.Refusal(facts, 1_000_000));
    }

    [Fact]
    public void Numbers_from_a_hostile_file_do_not_overflow()
    {
        ModelFacts facts = Facts(Model("llama", ("block_count", 4096), ("embedding_length", int.MaxValue), ("attention.head_count", 1), ("attention.head_count_kv", int.MaxValue),
            ("attention.key_length", int.MaxValue), ("attention.value_length", int.MaxValue), ("feed_forward_length", int.MaxValue), ("expert_used_count", int.MaxValue)));
        MemoryPlan plan = MemoryPlan.For(facts, int.MaxValue, int.MaxValue);
        Assert.InRange(plan.TotalBytes, long.MaxValue / 16, long.MaxValue);
        Assert.Null(MemoryPlan.Fit(facts, long.MaxValue / 64, 4096, 4));
    }
}
