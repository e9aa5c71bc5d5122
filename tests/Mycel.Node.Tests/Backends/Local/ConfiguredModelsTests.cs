using Microsoft.Extensions.Logging.Abstractions;
using Mycel.Node.Backends.Local;
using Mycel.Node.Configuration;
using Mycel.Node.Models;

namespace Mycel.Node.Tests.Backends.Local;

/// <summary>No engine is started here: the folder of its libraries is empty, so that each attempt to load ends at once and says so.</summary>
public sealed class ConfiguredModelsTests : IAsyncDisposable
{
    private readonly TestFolder _folder = new();
    private readonly FixedOptions _options;
    private readonly LocalModels _models;
    private readonly ConfiguredModels _configured;

    public ConfiguredModelsTests()
    {
        foreach (var name in new[] { "a", "b", "c" }) File.Copy(ServedModels.DemoPath, _folder.File(name + ".gguf"));
        _options = new FixedOptions(new MycelOptions { Engine = new LocalEngineOptions { Libraries = _folder.Path } });
        _models = new LocalModels(_options, TimeProvider.System, NullLogger<LocalModels>.Instance);
        _configured = new ConfiguredModels(_options, new ModelStore(_folder.Path), _models, NullLogger<ConfiguredModels>.Instance);
    }

    private IEnumerable<string> Names => _models.Models.Select(model => model.Spec.Name);

    public async ValueTask DisposeAsync()
    {
        _configured.Dispose();
        await _models.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Models_that_the_settings_name_newly_are_announced_and_loaded_and_those_they_name_no_longer_are_withdrawn()
    {
        Set(Entry("a"), Entry("b"));
        _configured.Start();
        Assert.Equal(["a", "b"], Names);

        var kept = Find("b");
        Set(Entry("b"), Entry("c"));

        Assert.Equal(["b", "c"], Names);
        Assert.Same(kept, Find("b"));
        await Until.TrueAsync(() => Find("c").Status() is { State: LocalModelState.Failed, Error: { } why } && why.Contains("engine.libraries", StringComparison.Ordinal), "the attempt to load c");
    }

    [Fact]
    public void The_demonstration_comes_and_goes()
    {
        _configured.Start();
        Assert.Empty(Names);
        _options.Current = _options.Current with { Models = new ModelsOptions { Demo = true } };
        Assert.Equal([ServedModels.DemoName], Names);
        _options.Current = _options.Current with { Models = new ModelsOptions() };
        Assert.Empty(Names);
    }

    [Fact]
    public async Task A_changed_entry_takes_its_place_at_once_and_is_loaded_when_the_old_ones_answers_have_ended()
    {
        Set(Entry("a"));
        _configured.Start();
        var old = Find("a");
        await Until.TrueAsync(() => old.Status().State == LocalModelState.Failed, "the first attempt to load");
        old.Backend.InFlight = 1;

        Set(Entry("a") with { Slots = 2 });

        var next = Find("a");
        Assert.NotSame(old, next);
        Assert.Equal(2, next.Spec.Slots);
        Assert.Equal(LocalModelState.Loading, next.Status().State);
        await Task.Delay(100, TestContext.Current.CancellationToken);
        Assert.Equal(LocalModelState.Loading, next.Status().State);
        old.Backend.InFlight = 0;
        await Until.TrueAsync(() => next.Status().State == LocalModelState.Failed, "the attempt to load the new one");
    }

    [Fact]
    public async Task What_was_done_by_hand_stays_until_its_entry_changes()
    {
        Set(Entry("a"), Entry("b"));
        _configured.Start();
        await _models.UnloadAsync("a", TestContext.Current.CancellationToken);
        await _models.UnloadAsync("b", TestContext.Current.CancellationToken);
        _models.Add(new LocalModelSpec("b", _folder.File("c.gguf")));

        Set(Entry("a"), Entry("b"), Entry("c"));
        Assert.Equal(["b", "c"], Names);

        // The entry goes; what somebody else announced under its name does not.
        Set(Entry("a") with { ContextLength = 99 }, Entry("c"));
        Assert.Equal(["a", "b", "c"], Names);
        Assert.Equal("api", Find("b").Spec.Source);
    }

    [Fact]
    public void A_model_whose_file_has_gone_is_still_served()
    {
        Set(Entry("a"));
        _configured.Start();
        var before = Find("a");
        File.Delete(_folder.File("a.gguf"));

        Set(Entry("a"), Entry("b"));

        Assert.Same(before, Find("a"));
        Assert.Equal(["a", "b"], Names);
    }

    [Fact]
    public void A_model_that_cannot_be_found_does_not_keep_the_others_from_being_served()
    {
        Set(Entry("nowhere"), Entry("a"));
        _configured.Start();
        Assert.Equal(["a"], Names);
    }

    private LocalModel Find(string name) => _models.Models.Single(model => model.Spec.Name == name);

    private void Set(params ModelEntryOptions[] entries) => _options.Current = _options.Current with { Models = new ModelsOptions { Load = entries } };

    private static ModelEntryOptions Entry(string name) => new() { Model = name, Name = name };
}
