using System.Diagnostics;
using System.Runtime.CompilerServices;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;
using Mycel.Node.Configuration;

namespace Mycel.Node.Cli.Doctor;

/// <summary>Whether each device answers, and generates: a list of models alone proves little.</summary>
internal sealed class RelayChecks
{
    private static readonly TimeSpan GenerateTimeout = TimeSpan.FromSeconds(90);

    private readonly RelayProbe _probe;
    private readonly ICollection<DateHeader> _dates;
    private readonly Action<string> _note;

    /// <summary>Collects what the devices' clocks say in <paramref name="dates"/>.</summary>
    public RelayChecks(RelayProbe probe, ICollection<DateHeader> dates, Action<string> note)
    {
        _probe = probe;
        _dates = dates;
        _note = note;
    }

    /// <summary>By the running node, which knows the devices' keys.</summary>
    /// <param name="node">The node.</param>
    /// <param name="servesOwn">Whether it has models of its own or of other nodes, and so does not need devices.</param>
    /// <param name="cancel">Stops looking.</param>
    public async IAsyncEnumerable<DoctorCheck> ThroughNodeAsync(NodeClient node, bool servesOwn, [EnumeratorCancellation] CancellationToken cancel)
    {
        (RelayListReply? list, DoctorCheck? failure) = await ListAsync(node, cancel);
        if (failure is not null) yield return failure;
        if (list is null) yield break;
        if (list.Relays.Count == 0) yield return servesOwn ? DoctorCheck.Skipped("Devices", "none; the node has models without") : NoDevices();
        foreach (RelayReply relay in list.Relays)
        {
            string name = "Device " + relay.Name;
            if (await _probe.ReadSkewAsync(relay.Url, cancel) is { } skew) _dates.Add(new DateHeader(relay.Name, skew));
            if (!relay.Online)
            {
                yield return DoctorCheck.Failed(name, $"{relay.Url} does not answer: {relay.LastError ?? "no reason known"}",
                    $"Start it, or mend the address; if it is gone: mycel relay remove {relay.Name}");
                continue;
            }

            if (relay.Models.Count == 0)
            {
                yield return DoctorCheck.Warning(name, $"{relay.Url} answers and has no models", "Load a model there.");
                continue;
            }

            string model = WithoutPrefix(RelayProbe.Choose(relay.Models));
            yield return await GenerateAsync(node, name, relay.Url, $"relay:{relay.Name}:{model}", model, relay.Models.Count, cancel);
        }
    }

    /// <summary>Directly, for the devices that the settings name; those added while the node ran are known to it alone.</summary>
    public async IAsyncEnumerable<DoctorCheck> DirectlyAsync(IReadOnlyList<RelayEntryOptions> relays, [EnumeratorCancellation] CancellationToken cancel)
    {
        if (relays.Count == 0) yield return DoctorCheck.Skipped("Devices", "none in the settings; those added by 'mycel relay add' are checked while the node runs");
        foreach (RelayEntryOptions relay in relays)
        {
            string name = "Device " + (relay.Name ?? RelayUrl.DefaultName(relay.Url));
            if (await _probe.ReadSkewAsync(relay.Url, cancel) is { } skew) _dates.Add(new DateHeader(relay.Name ?? relay.Url, skew));
            if (KeyReference.SecretName(relay.ApiKey) is not null)
            {
                yield return DoctorCheck.Skipped(name, $"{relay.Url} needs a key from the secret store; it is checked while the node runs");
                continue;
            }

            string? key = KeyReference.EnvironmentName(relay.ApiKey) is { } variable ? Environment.GetEnvironmentVariable(variable) : null;
            yield return await CheckDirectlyAsync(name, relay.Url, key, cancel);
        }
    }

    private static DoctorCheck NoDevices() => DoctorCheck.Warning("Devices", "none yet, and no local models", "mycel relay add http://HOST:PORT, or serve a model here: mycel models recommend");

    private async Task<(RelayListReply? List, DoctorCheck? Failure)> ListAsync(NodeClient node, CancellationToken cancel)
    {
        _note("Asking the devices for their models …");
        try
        {
            return (await node.PostAsync("v1/node/relay/refresh", "{}", ClientJson.Default.RelayListReply, cancel), null);
        }
        catch (NodeClientException error)
        {
            return (null, DoctorCheck.Failed("Devices", error.Message, "Look at the node's log."));
        }
    }

    private async Task<DoctorCheck> CheckDirectlyAsync(string name, string url, string? key, CancellationToken cancel)
    {
        _note($"Asking {url} …");
        try
        {
            using NodeClient device = new(NodeAddress.OfEndpoint(url, key), GenerateTimeout);
            ModelListReply list = await device.GetAsync("v1/models", ClientJson.Default.ModelListReply, cancel);
            if (list.Data.Count == 0) return DoctorCheck.Warning(name, $"{url} answers and has no models", "Load a model there.");
            string model = RelayProbe.Choose([.. list.Data.Select(model => model.Id)]);
            return await GenerateAsync(device, name, url, model, model, list.Data.Count, cancel);
        }
        catch (NodeClientException error) when (error.ExitCode == ExitCode.NotRunning)
        {
            return DoctorCheck.Failed(name, $"{url} does not answer", "Start the server there, or mend the address, the network or the firewall.");
        }
        catch (NodeClientException error) when (error.ExitCode == ExitCode.Refused)
        {
            return DoctorCheck.Failed(name, $"{url} refuses the key or wants one", "Store it with 'mycel secret set NAME' and name it in api_key: secret:NAME.");
        }
        catch (NodeClientException error)
        {
            return DoctorCheck.Failed(name, error.Message, "Check that the address is that of an OpenAI-compatible server.");
        }
    }

    private async Task<DoctorCheck> GenerateAsync(
        NodeClient server, string name, string url, string route, string model, int models, CancellationToken cancel)
    {
        _note($"Asking {model} on {url} for one token …");
        long start = Stopwatch.GetTimestamp();
        string? error = await RelayProbe.GenerateAsync(server, route, cancel);
        return error is null
            ? DoctorCheck.Ok(name, $"{url} has {HumanFormat.Of(models, "model")}; {model} answered in {HumanFormat.Latency(Stopwatch.GetElapsedTime(start))}")
            : DoctorCheck.Failed(name, $"{url} lists {HumanFormat.Of(models, "model")}, and {model} does not answer: {error}", "Look at that server's log; it may lack memory for the model.");
    }

    private static string WithoutPrefix(string model) => model.StartsWith("relay:", StringComparison.Ordinal) ? model["relay:".Length..] : model;
}
