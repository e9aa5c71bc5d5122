using Mycel.Node.Configuration;
using Mycel.Node.Models;

namespace Mycel.Node.Tests.Models;

public sealed class ModelStoreTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly ModelStore _store;

    public ModelStoreTests()
    {
        _store = new ModelStore(_folder.File("models"));
        _store.EnsureFolder();
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("smollm2")]
    [InlineData("smollm2.gguf")]
    public void A_name_is_found_with_and_without_its_ending(string name)
    {
        var path = Put("smollm2.gguf");

        Assert.Equal(path, _store.Resolve(name));
    }

    [Fact]
    public void A_path_is_taken_from_anywhere()
    {
        var path = _folder.Write("elsewhere.gguf", "x");

        Assert.Equal(path, _store.Resolve(path));
        Assert.Equal(path, _store.Resolve(_folder.File("models/../elsewhere.gguf")));
    }

    [Fact]
    public void A_model_that_is_not_there_is_told_with_near_names()
    {
        Put("qwen3-4b.gguf");
        Put("llama.gguf");

        var error = Assert.Throws<ModelException>(() => _store.Resolve("qwen3-b4"));

        Assert.Equal((404, "model_not_found"), (error.Status, error.Code));
        Assert.Contains("Did you mean qwen3-4b?", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_path_that_is_not_there_is_told_with_the_files_beside_it()
    {
        _folder.Write("mistral-7b.gguf", "x");

        var error = Assert.Throws<ModelException>(() => _store.Resolve(_folder.File("mistral-8b.gguf")));

        Assert.Contains("Near it: mistral-7b.gguf", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("..")]
    [InlineData("../outside")]
    [InlineData(".hidden")]
    [InlineData("")]
    [InlineData("a\\..\\outside")]
    [InlineData("a\0b")]
    public void A_name_never_leads_out_of_the_folder(string name)
    {
        _folder.Write("outside.gguf", "x");
        Put(".hidden.gguf");

        Assert.Null(_store.Find(name));
        Assert.Throws<ModelException>(() => _store.Resolve(name));
    }

    [Fact]
    public void A_link_out_of_the_folder_is_not_followed_by_its_name()
    {
        var outside = _folder.Write("outside.gguf", "x");
        File.CreateSymbolicLink(Path.Combine(_store.Folder, "link.gguf"), outside);

        var error = Assert.Throws<ModelException>(() => _store.Resolve("link"));

        Assert.Contains("leads out", error.Message, StringComparison.Ordinal);
        Assert.Empty(_store.Names());
    }

    [Fact]
    public void Links_within_the_folder_are_models_too()
    {
        Put("a.gguf");
        File.CreateSymbolicLink(Path.Combine(_store.Folder, "b.gguf"), "a.gguf");

        Assert.Equal(["a", "b"], _store.Names());
    }

    [Fact]
    public void The_folder_is_private()
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("Windows has no modes.");

        new ModelStore(_folder.File("data/models")).EnsureFolder();

        Assert.All(
            (string[])[_store.Folder, _folder.File("data"), _folder.File("data/models")],
            path => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(path)));
    }

    [Fact]
    public void The_settings_models_are_found_and_those_missing_are_told()
    {
        var smol = Put("smollm2.gguf");
        var options = new MycelOptions
        {
            Models = new ModelsOptions
            {
                Demo = true,
                Load =
                [
                    new ModelEntryOptions { Model = "smollm2", Name = "small", ContextLength = 512, Source = "flag" },
                    new ModelEntryOptions { Model = "smolm2", Name = "other" },
                    new ModelEntryOptions { Model = "smollm2", Name = "third", Template = _folder.File("gone.jinja") },
                ],
            },
        };

        var found = ServedModels.Of(options, _store, out var problems);

        Assert.Equal([("tiny-austen", ServedModels.DemoPath), ("small", smol)], found.Select(m => (m.Name, m.Path)));
        Assert.Equal((512, "flag"), (found[1].ContextLength, found[1].Source));
        Assert.Equal(2, problems.Count);
        Assert.Contains("Did you mean smollm2?", problems[0], StringComparison.Ordinal);
        Assert.Contains("gone.jinja", problems[1], StringComparison.Ordinal);
    }

    private string Put(string name)
    {
        var path = Path.Combine(_store.Folder, name);
        File.WriteAllText(path, "GGUF");
        return path;
    }
}
