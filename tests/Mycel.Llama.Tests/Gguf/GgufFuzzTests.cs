using Mycel.Llama.Gguf;
using Mycel.Llama.Tests.Engine;

namespace Mycel.Llama.Tests.Gguf;

/// <summary>Whatever is in a file: it is read or refused with a <see cref="GgufException"/>, within bounded memory.</summary>
public sealed class GgufFuzzTests : IDisposable
{
    private const long MostAllocated = 64L << 20;

    private readonly Folder _folder = new();
    private readonly byte[] _model = File.ReadAllBytes(TestModels.Tiny);

    public void Dispose() => _folder.Dispose();

    /// <returns>Whether it was read.</returns>
    private static bool TryRead(string path)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            MemoryPlan.For(ModelFacts.Read(path), 512, 4);
            return true;
        }
        catch (GgufException e)
        {
            Assert.InRange(e.Message.Length, 10, 1000);
            return false;
        }
        finally
        {
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MostAllocated);
        }
    }

    [Fact]
    public void Cut_anywhere_it_is_refused()
    {
        string path = _folder.File("cut.gguf", _model);
        // From the end backwards, as the file only ever shrinks.
        List<int> lengths = [.. Enumerable.Range(0, 200), .. Enumerable.Range(1, 300).Select(i => (int)((long)_model.Length * i / 301))];
        using FileStream file = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        foreach (int length in lengths.OrderDescending())
        {
            file.SetLength(length);
            Assert.False(TryRead(path), $"read although cut to {length} bytes");
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Bytes_changed_in_the_header_never_do_harm(int seed)
    {
        Random random = new(seed);
        string path = _folder.File("flipped.gguf", _model);
        // The metadata lies within the first 70,000 bytes; half of the changes hit its beginning, where the structure is.
        int refused = 0;
        using FileStream file = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        for (int round = 0; round < 1000; round++)
        {
            List<int> changed = [];
            for (int i = random.Next(1, 6); i > 0; i--)
            {
                int at = random.Next(random.Next(2) == 0 ? 1_000 : 70_000);
                changed.Add(at);
                file.Position = at;
                file.WriteByte(random.Next(3) switch { 0 => 0xFF, 1 => 0, _ => (byte)random.Next(256) });
            }
            file.Flush();
            if (!TryRead(path))
                refused++;
            foreach (int at in changed)
            {
                file.Position = at;
                file.WriteByte(_model[at]);
            }
        }
        Assert.InRange(refused, 100, 999);
    }

    [Fact]
    public void Most_that_fits_the_bounds_stays_within_the_memory()
    {
        GgufFile keys = new GgufFile().Add("general.architecture", "llama");
        for (int i = 0; i < 1000; i++)
            keys.Add($"array {i}", [.. Enumerable.Repeat(uint.MaxValue, 1000)]);
        Assert.True(TryRead(_folder.File("arrays.gguf", keys.ToBytes())));

        GgufFile tensors = new GgufFile().Add("general.architecture", "llama").Add("llama.block_count", 4096u);
        for (int i = 0; i < GgufHeader.MaxTensors; i++)
            tensors.Tensor($"blk.{i}.{new string('x', 40)}", 1, 1, 1, 1);
        Assert.True(TryRead(_folder.File("tensors.gguf", tensors.ToBytes())));

        GgufFile strings = new GgufFile().Add("general.architecture", "llama");
        for (int i = 0; i < 40; i++)
            strings.Add($"text {i}", new string('x', 1 << 20));
        Assert.False(TryRead(_folder.File("strings.gguf", strings.ToBytes())));
    }
}
