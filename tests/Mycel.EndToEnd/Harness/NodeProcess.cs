using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Mycel.EndToEnd.Devices;

namespace Mycel.EndToEnd.Harness;

/// <summary>A real <c>mycel serve</c> in a folder of its own. Disposing kills it and deletes what it left.</summary>
internal sealed class NodeProcess : IAsyncDisposable
{
    private static readonly ConcurrentDictionary<int, Process> Running = new();

    private readonly Process _process;
    private readonly TempFolder _folder;
    private readonly StringBuilder _output = new();
    private readonly TaskCompletionSource _outputEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly IReadOnlyDictionary<string, string>? _environment;
    private bool _keepFolder;
    private bool _isDisposed;
    private int _streamsOpen = 2;

    static NodeProcess() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        foreach (var process in Running.Values) KillTree(process);
    };

    private NodeProcess(NodeSetup setup)
    {
        _folder = setup.Folder ?? new TempFolder();
        _environment = setup.Environment;
        DataDir = setup.DataDir ?? Path.Combine(_folder.Path, "data");
        ConfigFile = Path.Combine(_folder.Path, "mycel.yaml");
        var arguments = new List<string>(setup.Command) { "--port", setup.Port.ToString(CultureInfo.InvariantCulture) };
        if (setup.Yaml is not null)
        {
            File.WriteAllText(ConfigFile, setup.Yaml);
            arguments.AddRange(["--config", ConfigFile]);
        }

        foreach (var device in setup.Devices) arguments.AddRange(["--relay", device.Url]);
        arguments.AddRange(setup.Arguments);

        Started = Stopwatch.StartNew();
        _process = new Process { StartInfo = MycelCommand.Describe(_folder.Path, DataDir, setup.Environment, arguments, setup.NetworkNamespace) };
        _process.OutputDataReceived += (_, line) => Collect(line.Data);
        _process.ErrorDataReceived += (_, line) => Collect(line.Data);
        _process.Start();
        Running[_process.Id] = _process;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        Control = ControlClient(ControlPath(DataDir));
    }

    /// <summary>Since the process was started.</summary>
    public Stopwatch Started { get; }

    /// <summary>The node's data folder.</summary>
    public string DataDir { get; }

    /// <summary>Where the configuration file is, or would be.</summary>
    public string ConfigFile { get; }

    public int Pid => _process.Id;

    /// <summary>The folder, to start another node in after this one; it is then that one's to delete.</summary>
    public TempFolder KeepFolder()
    {
        _keepFolder = true;
        return _folder;
    }

    /// <summary>Base address over TCP, without a trailing slash.</summary>
    public string Url { get; private set; } = "";

    public int Port => new Uri(Url).Port;

    /// <summary>A client over TCP that follows nothing, decompresses nothing, adds nothing, and hangs up at once where a reply is left early.</summary>
    public HttpClient Http { get; private set; } = null!;

    /// <summary>A client over the control socket: admin without a key.</summary>
    public HttpClient Control { get; }

    /// <summary>What the node wrote on both outputs so far.</summary>
    public string Output
    {
        get { lock (_output) return _output.ToString(); }
    }

    /// <summary>Starts a node and waits until it answers and has looked at each given device once.</summary>
    public static async Task<NodeProcess> StartAsync(NodeSetup? setup = null)
    {
        setup ??= new NodeSetup();
        var node = new NodeProcess(setup);
        try
        {
            await node.WaitUntilServingAsync(setup.Devices.Count);
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts a node with these devices.</summary>
    public static Task<NodeProcess> StartAsync(params FaultyDevice[] devices) => StartAsync(new NodeSetup { Devices = devices });

    /// <summary>Starts a node that is expected to give up, and waits for its end.</summary>
    public static async Task<CommandResult> RunToEndAsync(NodeSetup setup, TimeSpan? within = null)
    {
        await using var node = new NodeProcess(setup);
        var code = await node.WaitForExitAsync(within ?? TimeSpan.FromSeconds(15));
        return new CommandResult(code, node.Output, "");
    }

    /// <summary>Runs a command of the command line against this node, as its owner would in another terminal.</summary>
    public Task<CommandResult> CommandAsync(params string[] arguments) =>
        MycelCommand.RunAsync(_folder.Path, DataDir, arguments, _environment);

    public void Signal(int signal) => ProcessSignals.Send(_process.Id, signal);

    /// <summary>kill -9.</summary>
    public void Kill() => KillTree(_process);

    /// <summary>Waits for the process's end and all of its output.</summary>
    public async Task<int> WaitForExitAsync(TimeSpan within)
    {
        try
        {
            await _process.WaitForExitAsync().WaitAsync(within);
            await _outputEnded.Task.WaitAsync(TimeSpan.FromSeconds(5));
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"The node did not end within {within.TotalSeconds:0.#} s. Its output: {Output}");
        }

        return _process.ExitCode;
    }

    /// <summary>SIGTERM, then the exit code.</summary>
    public Task<int> StopAsync(TimeSpan? within = null)
    {
        Signal(ProcessSignals.Terminate);
        return WaitForExitAsync(within ?? TimeSpan.FromSeconds(15));
    }

    /// <summary>Resident memory in bytes, as the kernel counts it.</summary>
    public long ResidentBytes()
    {
        var line = File.ReadLines($"/proc/{_process.Id}/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }

    /// <summary>Open file descriptors.</summary>
    public int OpenFiles() => Directory.GetFiles($"/proc/{_process.Id}/fd").Length;

    /// <summary>The process's threads.</summary>
    public int Threads() => Directory.GetDirectories($"/proc/{_process.Id}/task").Length;

    public async ValueTask DisposeAsync()
    {
        // A test that ends one node to start another on its folder may fail between the two, and disposes of both.
        if (_isDisposed) return;
        _isDisposed = true;
        KillTree(_process);
        await Task.WhenAny(_process.WaitForExitAsync(), Task.Delay(TimeSpan.FromSeconds(5)));
        Running.TryRemove(_process.Id, out _);
        _process.Dispose();
        Http?.Dispose();
        Control.Dispose();
        if (File.Exists(ControlPath(DataDir))) File.Delete(ControlPath(DataDir));
        if (!_keepFolder) _folder.Dispose();
    }

    private async Task WaitUntilServingAsync(int devices)
    {
        JsonNode? status = null;
        await Poll.UntilAsync(
            async () =>
            {
                if (_process.HasExited) throw new InvalidOperationException($"The node ended at start with code {_process.ExitCode}. Its output: {Output}");
                using var reply = await Control.GetAsync("/v1/node/status");
                if (!reply.IsSuccessStatusCode) return false;
                status = JsonNode.Parse(await reply.Content.ReadAsStringAsync());
                return (string?)status?["state"] != "starting";
            },
            "the node answers on its control socket",
            TimeSpan.FromSeconds(20));
        Url = ((string)status!["endpoint"]!).TrimEnd('/').Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal);
        Http = TcpClient();
        if (devices > 0) await Poll.UntilAsync(() => AreRelaysLookedAtAsync(devices), "every device was looked at");
    }

    /// <summary>Whether each device was asked for its models, and what they said is in force.</summary>
    private async Task<bool> AreRelaysLookedAtAsync(int devices)
    {
        var relays = (await this.AskAsync("/v1/node/relay"))["relays"]!.AsArray();
        if (relays.Count(relay => relay!["last_poll_at"] is not null) < devices) return false;
        var listed = await this.ModelIdsAsync();
        return relays.SelectMany(relay => relay!["models"]!.AsArray()).All(model => listed.Contains("relay:" + ((string)model!).Replace("relay:", "", StringComparison.Ordinal)));
    }

    private HttpClient TcpClient() => new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, UseCookies = false, ResponseDrainTimeout = TimeSpan.Zero })
    {
        BaseAddress = new Uri(Url),
        Timeout = TimeSpan.FromSeconds(30),
    };

    /// <summary>In the data folder, or, where that path is too long for a socket, in this user's temporary folder.</summary>
    private static string ControlPath(string dataDir)
    {
        var path = Path.Combine(dataDir, "run", "control.sock");
        if (Encoding.UTF8.GetByteCount(path) <= 100) return path;
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(dataDir)))[..16];
        return $"/tmp/mycel-{ProcessSignals.GetEffectiveUserId()}/{hash}.sock";
    }

    private static HttpClient ControlClient(string path) => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        ConnectCallback = async (_, cancel) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancel);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },
    })
    {
        BaseAddress = new Uri("http://localhost"),
        Timeout = TimeSpan.FromSeconds(30),
    };

    private void Collect(string? line)
    {
        if (line is null)
        {
            if (Interlocked.Decrement(ref _streamsOpen) == 0) _outputEnded.TrySetResult();
            return;
        }

        lock (_output) _output.Append(line).Append('\n');
    }

    private static void KillTree(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It had ended already, which is what is wanted.
        }
    }
}
