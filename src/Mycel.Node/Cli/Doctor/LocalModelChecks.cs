using System.Diagnostics;
using System.Runtime.CompilerServices;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;
using Mycel.Node.Configuration;
using Mycel.Node.Models;

namespace Mycel.Node.Cli.Doctor;

/// <summary>Whether the models that the node computes itself are loaded and answer.</summary>
internal static class LocalModelChecks
{
    /// <summary>One check for each announced model; none where there are none.</summary>
    public static async IAsyncEnumerable<DoctorCheck> RunAsync(NodeClient node, Action<string> note, [EnumeratorCancellation] CancellationToken cancel)
    {
        (LocalModelListReply? list, DoctorCheck? failure) = await ListAsync(node, cancel);
        if (failure is not null) yield return failure;
        foreach (LocalModelReply model in list?.Models ?? [])
        {
            if (model.IsAnnounced) yield return await CheckAsync(node, model, note, cancel);
        }
    }

    /// <summary>Whether llama.cpp's libraries are there, for a node that does not run.</summary>
    public static DoctorCheck Libraries(LocalEngineOptions options)
    {
        const string Name = "llama.cpp";
        try
        {
            return DoctorCheck.Ok(Name, EngineLibraries.Find(options, avoidGpu: false));
        }
        catch (ModelException missing)
        {
            return DoctorCheck.Failed(Name, "its libraries are missing", missing.Message);
        }
    }

    private static async Task<DoctorCheck> CheckAsync(NodeClient node, LocalModelReply model, Action<string> note, CancellationToken cancel)
    {
        string name = "Model " + model.Name;
        switch (model.State)
        {
            case "loading":
                return DoctorCheck.Warning(name, "being loaded", "Wait a moment and look again.");
            case "unloaded":
                return DoctorCheck.Ok(name, "not in memory; the next request loads it");
            case "loaded" when model.Embedding:
                return DoctorCheck.Ok(name, $"loaded on {model.Device}, for embeddings");
            case "loaded":
                note($"Asking {model.Name} for one token …");
                long start = Stopwatch.GetTimestamp();
                return await RelayProbe.GenerateAsync(node, model.Name, cancel) is { } error
                    ? DoctorCheck.Failed(name, $"loaded, and does not answer: {error}", $"Load it anew: mycel models unload {model.Name}, then mycel models load {model.Path}")
                    : DoctorCheck.Ok(name, $"loaded on {model.Device} with {HumanFormat.Of(model.Slots ?? 1, "slot")}; answered in {HumanFormat.Latency(Stopwatch.GetElapsedTime(start))}");
            default:
                return DoctorCheck.Failed(name, model.Error ?? model.State, $"Mend that, then: mycel models load {model.Name}");
        }
    }

    private static async Task<(LocalModelListReply? List, DoctorCheck? Failure)> ListAsync(NodeClient node, CancellationToken cancel)
    {
        try
        {
            return (await node.GetAsync("v1/node/models", ClientJson.Default.LocalModelListReply, cancel), null);
        }
        catch (NodeClientException error)
        {
            return (null, DoctorCheck.Failed("Local models", error.Message, "Look at the node's log."));
        }
    }
}
