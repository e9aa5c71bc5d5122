using Mycel.Node.Configuration;

namespace Mycel.Node.Models;

/// <summary>Finds the files of the models that the settings name.</summary>
internal static class ServedModels
{
    /// <summary>The name under which the model that comes with the program is announced.</summary>
    public const string DemoName = ConfigurationLoader.DemoModelName;

    /// <summary>Full path of the model that comes with the program.</summary>
    public static string DemoPath { get; } = Path.Combine(AppContext.BaseDirectory, "demo", "tiny-austen-chat-q8_0.gguf");

    /// <summary>The models found, in the order of the settings, the demonstration's first.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="store">The models folder.</param>
    /// <param name="problems">A sentence for each model that was not found.</param>
    public static IReadOnlyList<ServedModel> Of(MycelOptions options, ModelStore store, out IReadOnlyList<string> problems)
    {
        var found = new List<ServedModel>();
        var missing = new List<string>();
        if (options.Models.Demo)
        {
            if (File.Exists(DemoPath)) found.Add(new ServedModel(DemoName, DemoPath) { Source = "demo" });
            else missing.Add($"The model of --demo is not beside the program, where it belongs ({DemoPath}). Install mycel anew, or start without --demo.");
        }
        foreach (var entry in options.Models.Load)
        {
            try
            {
                var path = store.Resolve(entry.Model);
                if (entry.Template is { } template && !File.Exists(template))
                    throw ModelException.NotFound($"The chat template {template} of the model {entry.Name} does not exist. Mend models.load, or leave the template out.");
                found.Add(new ServedModel(entry.Name, path)
                {
                    ContextLength = entry.ContextLength,
                    Slots = entry.Slots,
                    GpuLayers = entry.GpuLayers,
                    Template = entry.Template,
                    Source = entry.Source,
                });
            }
            catch (ModelException error)
            {
                missing.Add(error.Message);
            }
        }
        problems = missing;
        return found;
    }
}
