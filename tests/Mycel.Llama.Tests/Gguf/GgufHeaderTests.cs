using Mycel.Llama.Gguf;
using Mycel.Llama.Tests.Engine;

namespace Mycel.Llama.Tests.Gguf;

public sealed class GgufHeaderTests : IDisposable
{
    private readonly Folder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static string Refusal(string path) => Assert.Throws<GgufException>(() => GgufHeader.Read(path)).Message;

    private static GgufFile Small() => new GgufFile().Add("general.architecture", "llama").Tensor("a", 8, 4).Tensor("b", 3);

    [Fact]
    public void The_shipped_model_is_read()
    {
        GgufHeader header = GgufHeader.Read(TestModels.Tiny);
        Assert.Equal(3, header.Version);
        Assert.Equal("llama", header.GetString("general.architecture"));
        Assert.Equal(512, header.GetInteger("llama.context_length"));
        Assert.Equal(10000.0, header.Metadata["llama.rope.freq_base"]);
        Assert.True(header.GetBoolean("tokenizer.ggml.add_bos_token"));
        Assert.Equal(38, header.Tensors.Count);
        Assert.Equal([192L, 2048L], header.Tensors[0].Dimensions);
        Assert.Equal("Q8_0", header.Tensors[0].Type.Name);
        Assert.Equal(192 * 2048 / 32 * 34, header.Tensors[0].Bytes);
        Assert.Equal(new FileInfo(TestModels.Tiny).Length, header.FileBytes);
    }

    [Fact]
    public void A_vocabulary_is_counted_but_not_kept_and_a_short_array_is_kept()
    {
        byte[] bytes = Small().Add("words", [.. Enumerable.Range(0, 2000).Select(i => $"word {i}")]).Add("few", [1u, 2u, 3u]).Add("tags", ["x", "y"]).ToBytes();
        GgufHeader header = GgufHeader.Read(_folder.File("m.gguf", bytes));
        Assert.Equal(2000, header.GetArray("words")!.Count);
        Assert.Null(header.GetArray("words")!.Values);
        Assert.Equal([1L, 2L, 3L], header.GetArray("few")!.Values!.Cast<long>());
        Assert.Equal(["x", "y"], header.GetArray("tags")!.Values!.Cast<string>());
    }

    [Fact]
    public void Version_2_is_read_others_are_refused()
    {
        Assert.Equal(2, GgufHeader.Read(_folder.File("2.gguf", new GgufFile { Version = 2 }.Add("a", 1u).ToBytes())).Version);
        Assert.Contains("version 1", Refusal(_folder.File("1.gguf", new GgufFile { Version = 1 }.ToBytes())));
        Assert.Contains("update", Refusal(_folder.File("4.gguf", new GgufFile { Version = 4 }.ToBytes())));
        Assert.Contains("big-endian", Refusal(_folder.File("b.gguf", new GgufFile { Version = 0x03000000 }.ToBytes())));
    }

    [Fact]
    public void A_file_cut_short_is_refused_with_what_is_missing()
    {
        byte[] bytes = File.ReadAllBytes(TestModels.Tiny);
        Assert.Contains("1,000 bytes are missing", Refusal(_folder.File("cut.gguf", bytes[..^1000])));
    }

    [Theory]
    [InlineData("<!DOCTYPE html><html>Sign in</html>", "web page")]
    [InlineData("\n  <html>", "web page")]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:00", "Git LFS")]
    [InlineData("{\"error\":\"Not found\"}", "JSON")]
    [InlineData("PK\u0003\u0004archive", "ZIP")]
    [InlineData("lmgg old", "GGML")]
    [InlineData("\0\0\0\0\0\0\0\0\0\0\0\0", "zeros")]
    [InlineData("Hello", "no GGUF")]
    [InlineData("GGU", "no GGUF")]
    public void What_is_no_model_is_named(string content, string expected) => Assert.Contains(expected, Refusal(_folder.File("m.gguf", content)));

    [Fact]
    public void An_empty_file_a_folder_and_nothing_are_refused()
    {
        Assert.Contains("empty", Refusal(_folder.File("empty.gguf", "")));
        Assert.Contains("folder", Refusal(Path.GetDirectoryName(_folder.File("x", "x"))!));
        Assert.Contains("does not exist", Refusal(_folder["none.gguf"]));
        Assert.Contains("does not exist", Refusal("\0"));
        Assert.Contains("does not exist", Refusal(""));
    }

    [Theory]
    [InlineData(1UL << 63, 1UL)]
    [InlineData(1UL, 1UL << 63)]
    [InlineData(ulong.MaxValue, ulong.MaxValue)]
    [InlineData(1_000_000UL, 0UL)]
    [InlineData(0UL, 1_000_000UL)]
    public void Absurd_counts_are_refused(ulong tensors, ulong keys) =>
        Assert.Contains("claims", Refusal(_folder.File("m.gguf", [.. Small().ToBytes(tensorCount: tensors, keyCount: keys), .. new byte[4096]])));

    [Fact]
    public void Absurd_lengths_inside_are_refused()
    {
        foreach (ulong length in new[] { ulong.MaxValue, 1UL << 63, (ulong)long.MaxValue, 1UL << 40, 100_000UL })
        {
            Refusal(_folder.File("s.gguf", new GgufFile().AddRaw("k", 8, w => w.Write(length)).ToBytes()));
            Refusal(_folder.File("a.gguf", new GgufFile().AddRaw("k", 9, w => { w.Write(4u); w.Write(length); }).ToBytes()));
            Refusal(_folder.File("t.gguf", new GgufFile().AddRaw("k", 9, w => { w.Write(8u); w.Write(length); }).ToBytes()));
            Refusal(_folder.File("d.gguf", new GgufFile().Tensor("t", (long)length, 2, 2, 2).ToBytes(withData: false)));
        }
    }

    [Fact]
    public void Nested_arrays_unknown_types_and_repeated_names_are_refused()
    {
        Assert.Contains("array of arrays", Refusal(_folder.File("n.gguf", new GgufFile().AddRaw("k", 9, w => { w.Write(9u); w.Write(1UL); w.Write(4u); w.Write(1UL); w.Write(1); }).ToBytes())));
        Assert.Contains("unknown type 13", Refusal(_folder.File("u.gguf", new GgufFile().AddRaw("k", 13, w => w.Write(1)).ToBytes())));
        Assert.Contains("twice", Refusal(_folder.File("r.gguf", new GgufFile().Add("k", 1u).Add("k", 2u).ToBytes())));
        Assert.Contains("two tensors", Refusal(_folder.File("t.gguf", new GgufFile().Tensor("t", 1).Tensor("t", 1).ToBytes())));
        Assert.Contains("empty", Refusal(_folder.File("e.gguf", new GgufFile().Add("", 1u).ToBytes())));
        Assert.Contains("power of two", Refusal(_folder.File("al.gguf", new GgufFile().Add("general.alignment", 0u).ToBytes())));
        Assert.Contains("axes", Refusal(_folder.File("ax.gguf", new GgufFile().Tensor("t", 1, 1, 1, 1, 1).ToBytes())));
    }

    [Fact]
    public void Control_characters_of_a_file_do_not_reach_a_message() =>
        Assert.DoesNotContain('\u001b', Refusal(_folder.File("m.gguf", new GgufFile().AddRaw("\u001b[31mred", 13, w => w.Write(1)).ToBytes())));

    [Fact]
    public void A_very_long_string_is_left_out() =>
        Assert.Equal(["general.architecture"], GgufHeader.Read(_folder.File("m.gguf", Small().Add("huge", new string('x', 2 << 20)).ToBytes())).Metadata.Keys);

    [Fact]
    public void A_split_model_is_read_as_one()
    {
        static GgufFile Part(ushort number, ushort count) => new GgufFile().Add("general.architecture", "llama").AddShort("split.no", number).AddShort("split.count", count);
        string first = _folder.File("m-00001-of-00003.gguf", Part(0, 3).Tensor("a", 8).ToBytes());
        string second = _folder.File("m-00002-of-00003.gguf", Part(1, 3).Tensor("b", 8).ToBytes());
        string message = Refusal(first);
        Assert.Contains("m-00003-of-00003.gguf", message);
        Assert.DoesNotContain("m-00002", message);

        string third = _folder.File("m-00003-of-00003.gguf", Part(2, 3).Tensor("c", 8, 2).ToBytes());
        GgufHeader header = GgufHeader.Read(first);
        Assert.Equal([first, second, third], header.Parts);
        Assert.Equal(header.Parts.Sum(p => new FileInfo(p).Length), header.FileBytes);
        Assert.Equal(["a", "b", "c"], header.Tensors.Select(t => t.Name));

        Assert.Contains("m-00001-of-00003.gguf", Refusal(second));
        Assert.Contains("name", Refusal(_folder.File("renamed.gguf", Part(0, 3).Tensor("a", 8).ToBytes())));
        _folder.File("m-00002-of-00003.gguf", Part(2, 3).Tensor("b", 8).ToBytes());
        Assert.Contains("not part 2", Refusal(first));
        _folder.File("m-00002-of-00003.gguf", Part(1, 3).Tensor("a", 8).ToBytes());
        Assert.Contains("repeats", Refusal(first));
    }
}
