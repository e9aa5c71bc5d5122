using System.Globalization;

namespace Mycel.Node.Configuration;

/// <summary>
/// Every setting there is. Reading the file, the variables and the flags, validation, <c>config show</c>, the comparison at a reload and
/// the test of the documentation all go by this table; a new setting is a property in the options and a row here.
/// </summary>
internal static class SettingTable
{
    /// <summary>The rows, in the order of the documentation.</summary>
    public static IReadOnlyList<Setting> All { get; } = [.. General(), .. Api(), .. Relays(), .. Models(), .. Engine(), .. Links(), .. Dht(), .. Lan(), .. Sharing(), .. CreditSettings.All(), .. Queue(), .. Limits(), .. Log()];

    /// <summary>The row of a key, or null.</summary>
    public static Setting? Find(string key) => All.FirstOrDefault(setting => setting.Key == key);

    private static IEnumerable<Setting> General() =>
    [
        new ScalarSetting<string>(ValueForms.Path, o => o.DataDir, (o, v) => o with { DataDir = v })
        {
            Key = "data_dir", IsHot = false, DocumentedDefault = "~/.local/share/mycel", Flag = "--data-dir", FlagValues = f => One(f.DataDir),
            Summary = "Folder of keys, secrets and state; made with mode 0700.",
        },
        new ScalarSetting<int>(ValueForms.Whole(0, 3_600), o => o.DrainSeconds, (o, v) => o with { DrainSeconds = v })
        {
            Key = "drain_s", IsHot = true, Summary = "Seconds that running requests may still take after SIGTERM.",
        },
    ];

    private static IEnumerable<Setting> Api() =>
    [
        new ScalarSetting<string>(ValueForms.ListenAddress, o => o.Api.Host, (o, v) => o with { Api = o.Api with { Host = v } })
        {
            Key = "api.host", IsHot = false, Alias = "MYCEL_HOST", Flag = "--host", FlagValues = f => One(f.Host),
            Summary = "Address to listen on. Anything but loopback needs a key, or api.open.",
        },
        new ScalarSetting<int>(ValueForms.Whole(0, 65_535), o => o.Api.Port, (o, v) => o with { Api = o.Api with { Port = v } })
        {
            Key = "api.port", IsHot = false, Alias = "MYCEL_PORT", Flag = "--port",
            FlagValues = f => One(f.Port?.ToString(CultureInfo.InvariantCulture)),
            Summary = "TCP port; 0 takes any free one.",
        },
        new ScalarSetting<bool>(ValueForms.Boolean, o => o.Api.Open, (o, v) => o with { Api = o.Api with { Open = v } })
        {
            Key = "api.open", IsHot = false, Flag = "--open", FlagValues = f => One(f.Open is { } open ? ValueForms.Boolean.Write(open) : null),
            Summary = "Serve without keys beyond loopback: anyone who reaches the port may use the models.",
        },
        new ListSetting(ValueForms.HostName, o => o.Api.AllowedHosts, (o, v) => o with { Api = o.Api with { AllowedHosts = v } })
        {
            Key = "api.allowed_hosts", IsHot = true,
            Summary = "Further names the node may be called by, beside IP addresses, localhost and this machine's name; * accepts every name.",
        },
        new ListSetting(ValueForms.WebOrigin, o => o.Api.AllowedOrigins, (o, v) => o with { Api = o.Api with { AllowedOrigins = v } })
        {
            Key = "api.allowed_origins", IsHot = true, Summary = "Web origins whose pages may call the API; * accepts every origin.",
        },
        new ListSetting(ValueForms.Network, o => o.Api.TrustedProxies, (o, v) => o with { Api = o.Api with { TrustedProxies = v } })
        {
            Key = "api.trusted_proxies", IsHot = true, Summary = "Reverse proxies whose X-Forwarded-For is believed.",
        },
        new ScalarSetting<int>(ValueForms.Whole(1, 1_024), o => o.Api.MaxBodyMegabytes, (o, v) => o with { Api = o.Api with { MaxBodyMegabytes = v } })
        {
            Key = "api.max_body_mb", IsHot = true, Summary = "Largest request body, in MB (2^20 bytes).",
        },
        new ScalarSetting<int>(ValueForms.Whole(64, 65_536), o => o.Api.BodyMemoryMegabytes, (o, v) => o with { Api = o.Api with { BodyMemoryMegabytes = v } })
        {
            Key = "api.body_memory_mb", IsHot = true, Summary = "Memory for all request bodies being handled at once, in MB (2^20 bytes).",
        },
        new ScalarSetting<int>(ValueForms.Whole(1, 1_000_000), o => o.Api.MaxConnections, (o, v) => o with { Api = o.Api with { MaxConnections = v } })
        {
            Key = "api.max_connections", IsHot = false, Summary = "Open connections at once.",
        },
    ];

    private static IEnumerable<Setting> Relays() =>
    [
        new RelaysSetting
        {
            Key = "relays", IsHot = true, Alias = "MYCEL_RELAY_BACKENDS", Flag = "--relay", FlagValues = f => f.Relays.Count > 0 ? f.Relays : null,
            Summary = "The relay devices: OpenAI-compatible servers whose models this node serves on.",
        },
        new ScalarSetting<int>(ValueForms.Whole(1, 86_400), o => o.Relay.PollSeconds, (o, v) => o with { Relay = o.Relay with { PollSeconds = v } })
        {
            Key = "relay.poll_s", IsHot = true, Summary = "Seconds between two readings of a device's model list.",
        },
        new ScalarSetting<int>(ValueForms.Whole(1, 100), o => o.Relay.WithdrawAfter, (o, v) => o with { Relay = o.Relay with { WithdrawAfter = v } })
        {
            Key = "relay.withdraw_after", IsHot = true, Summary = "Failed readings in a row after which a device's models are withdrawn.",
        },
        new ScalarSetting<int>(ValueForms.Whole(1, 10_000), o => o.Relay.MaxConcurrent, (o, v) => o with { Relay = o.Relay with { MaxConcurrent = v } })
        {
            Key = "relay.max_concurrent", IsHot = true, Summary = "Requests in flight on a device that names no number of its own.",
        },
        new ScalarSetting<double>(ValueForms.Number(0.1, 60), o => o.Relay.ConnectSeconds, (o, v) => o with { Relay = o.Relay with { ConnectSeconds = v } })
        {
            Key = "relay.connect_s", IsHot = true, Summary = "Seconds to open a connection to a device.",
        },
        new ScalarSetting<double>(ValueForms.Number(1, 86_400), o => o.Relay.FirstOutputSeconds, (o, v) => o with { Relay = o.Relay with { FirstOutputSeconds = v } })
        {
            Key = "relay.first_output_s", IsHot = true, Summary = "Seconds a device may take from the request to its first output.",
        },
        new ScalarSetting<double>(ValueForms.Number(1, 86_400), o => o.Relay.IdleSeconds, (o, v) => o with { Relay = o.Relay with { IdleSeconds = v } })
        {
            Key = "relay.idle_s", IsHot = true, Summary = "Seconds of silence allowed after the first output.",
        },
        new ScalarSetting<double>(ValueForms.Number(0, 3_600), o => o.Relay.KeepAliveSeconds, (o, v) => o with { Relay = o.Relay with { KeepAliveSeconds = v } })
        {
            Key = "relay.keep_alive_s", IsHot = true, Summary = "Seconds of waiting for a stream's first output after which keep-alive comments are sent; 0 sends none.",
        },
    ];

    private static IEnumerable<Setting> Models() =>
    [
        new ModelsSetting
        {
            Key = "models.load", IsHot = true, Alias = "MYCEL_MODELS", Flag = "--model", FlagValues = f => f.Models.Count > 0 ? f.Models : null,
            Summary = "The model files (GGUF) that this node computes itself; loaded at the start, and again by a request after they were idle.",
        },
        new ScalarSetting<bool>(ValueForms.Boolean, o => o.Models.Demo, (o, v) => o with { Models = o.Models with { Demo = v } })
        {
            Key = "models.demo", IsHot = true, Flag = "--demo", FlagValues = f => One(f.Demo is { } demo ? ValueForms.Boolean.Write(demo) : null),
            Summary = "Serve the small model that comes with the program, as tiny-austen.",
        },
        new ScalarSetting<string>(ValueForms.Path, o => o.Models.Dir, (o, v) => o with { Models = o.Models with { Dir = v } })
        {
            Key = "models.dir", IsHot = false, DocumentedDefault = "DATA_DIR/models", Summary = "Folder of pulled models; made with mode 0700.",
        },
        new ScalarSetting<bool>(ValueForms.Boolean, o => o.Models.AllowPrivate, (o, v) => o with { Models = o.Models with { AllowPrivate = v } })
        {
            Key = "models.allow_private", IsHot = true, Summary = "Let models be pulled from private addresses too, and from this machine over plain HTTP.",
        },
    ];

    private static IEnumerable<Setting> Engine() =>
    [
        new ScalarSetting<string>(
            ValueForms.OneOf(("auto", "auto"), ("cpu", "cpu"), ("cuda", "cuda"), ("vulkan", "vulkan"), ("metal", "metal")),
            o => o.Engine.Backend, (o, v) => o with { Engine = o.Engine with { Backend = v } })
        {
            Key = "engine.backend", IsHot = false, Summary = "What computes: auto takes a GPU whose libraries are installed, else the processor.",
        },
        new ScalarSetting<string>(ValueForms.Path, o => o.Engine.Libraries, (o, v) => o with { Engine = o.Engine with { Libraries = v } })
        {
            Key = "engine.libraries", IsHot = false, DocumentedDefault = "beside the program", Summary = "Folder of llama.cpp's libraries.",
        },
        new ScalarSetting<int>(ValueForms.Whole(0, 1_024), o => o.Engine.Threads, (o, v) => o with { Engine = o.Engine with { Threads = v } })
        {
            Key = "engine.threads", IsHot = false, Summary = "Threads that compute a model; 0 takes as many as suit the machine.",
        },
        new ScalarSetting<int>(ValueForms.Whole(0, 64), o => o.Engine.Slots, (o, v) => o with { Engine = o.Engine with { Slots = v } })
        {
            Key = "engine.slots", IsHot = false, Summary = "Requests a model computes at once, where it names no number of its own; 0 takes as many as memory allows, at most 4.",
        },
        new ScalarSetting<int>(ValueForms.Whole(0, 16_777_216), o => o.Engine.ContextLength, (o, v) => o with { Engine = o.Engine with { ContextLength = v } })
        {
            Key = "engine.context", IsHot = false,
            Summary = "Tokens a request may use, prompt and answer together, where a model names no number of its own; 0 takes what it was trained for, less where memory is short.",
        },
        new ScalarSetting<int>(ValueForms.Whole(0, 31_536_000), o => o.Engine.IdleUnloadSeconds, (o, v) => o with { Engine = o.Engine with { IdleUnloadSeconds = v } })
        {
            Key = "engine.idle_unload_s", IsHot = true, Summary = "Seconds without a request after which a model leaves the memory; the next request loads it again. 0 keeps it.",
        },
        new ScalarSetting<int>(ValueForms.Whole(0, 16_777_216), o => o.Engine.MemoryMegabytes, (o, v) => o with { Engine = o.Engine with { MemoryMegabytes = v } })
        {
            Key = "engine.memory_mb", IsHot = true, Summary = "Memory for all loaded models, in MB (2^20 bytes); 0 takes what the machine has free.",
        },
        new ScalarSetting<bool>(ValueForms.Boolean, o => o.Engine.Grammar, (o, v) => o with { Engine = o.Engine with { Grammar = v } })
        {
            Key = "engine.grammar", IsHot = true, Summary = "Accept grammars (GBNF) in requests: one can be written that keeps a slot busy without end.",
        },
    ];

    private static IEnumerable<Setting> Links() =>
    [
        new ScalarSetting<string>(ValueForms.ListenAddress, o => o.Links.Host, (o, v) => o with { Links = o.Links with { Host = v } })
        {
            Key = "links.host", IsHot = false, Summary = "Address to listen on for links with other nodes (QUIC), once the node belongs to a network or hears another of its account; :: takes IPv6 and IPv4.",
        },
        new ScalarSetting<int>(ValueForms.Whole(0, 65_535), o => o.Links.Port, (o, v) => o with { Links = o.Links with { Port = v } })
        {
            Key = "links.port", IsHot = false, Flag = "--link-port", FlagValues = f => One(f.LinkPort?.ToString(CultureInfo.InvariantCulture)),
            Summary = "UDP port for links; 0 takes any free one, and so does the default where another program has it.",
        },
        new ScalarSetting<string>(
            ValueForms.OneOf(("auto", "auto"), ("ngtcp2", "ngtcp2"), ("msquic", "msquic"), ("none", "none")),
            o => o.Links.Provider, (o, v) => o with { Links = o.Links with { Provider = v } })
        {
            Key = "links.provider", IsHot = false, Summary = "What carries links: auto takes the best QUIC library that is there; none has links over the HTTP port of the other node only.",
        },
        new ListSetting(ValueForms.LinkAddress, o => o.Links.Addresses, (o, v) => o with { Links = o.Links with { Addresses = v } })
        {
            Key = "links.addresses", IsHot = true, Flag = "--link-address", FlagValues = f => f.LinkAddresses.Count > 0 ? f.LinkAddresses : null,
            Summary = "Further addresses at which others reach this node, such as that of a forwarded port; told to them before those it finds itself.",
        },
        new ScalarSetting<int>(ValueForms.Whole(1, 1_024), o => o.Links.MaxLinks, (o, v) => o with { Links = o.Links with { MaxLinks = v } })
        {
            Key = "links.max_links", IsHot = true, Summary = "Links with other nodes at once. This node opens half of them by itself; where all are taken, one without work for 30 s makes room.",
        },
        new ScalarSetting<bool>(ValueForms.Boolean, o => o.Links.Relay, (o, v) => o with { Links = o.Links with { Relay = v } })
        {
            Key = "links.relay", IsHot = true, Summary = "Carry streams between two members of a network that cannot reach each other; they stay sealed.",
        },
    ];

    private static IEnumerable<Setting> Dht() =>
    [
        new ScalarSetting<bool>(ValueForms.Boolean, o => o.Dht.Enabled, (o, v) => o with { Dht = o.Dht with { Enabled = v } })
        {
            Key = "dht.enabled", IsHot = false, Flag = "--no-dht", FlagValues = f => One(f.NoDht is { } isOff ? ValueForms.Boolean.Write(!isOff) : null),
            Summary = "Take part in the table by which members of public networks find each other's nodes and models without a directory.",
        },
        new ScalarSetting<int>(ValueForms.Whole(0, 65_535), o => o.Dht.Port, (o, v) => o with { Dht = o.Dht with { Port = v } })
        {
            Key = "dht.port", IsHot = false, Summary = "UDP port of that table, beside links; 0 takes any free one, and so does the default where another program has it.",
        },
    ];

    private static IEnumerable<Setting> Lan() =>
    [
        new ScalarSetting<bool>(ValueForms.Boolean, o => o.Lan.Enabled, (o, v) => o with { Lan = o.Lan with { Enabled = v } })
        {
            Key = "lan.enabled", IsHot = true, Flag = "--no-lan", FlagValues = f => One(f.NoLan is { } no ? ValueForms.Boolean.Write(!no) : null),
            Summary = "Announce this node to the other nodes of its account on the local network, and listen for theirs; nobody else can read that.",
        },
    ];

    private static IEnumerable<Setting> Sharing() =>
    [
        new ScalarSetting<string>(ValueForms.Scope, o => o.Sharing.Default, (o, v) => o with { Sharing = o.Sharing with { Default = v } })
        {
            Key = "sharing.default", IsHot = true, Summary = "Who else may ask for this node's models; home is nobody but your own nodes.",
        },
        new MapSetting("model names", ValueForms.Scope, o => o.Sharing.Models, (o, v) => o with { Sharing = o.Sharing with { Models = v } })
        {
            Key = "sharing.models", IsHot = true, Summary = "Models that others may ask for than sharing.default says.",
        },
    ];

    private static IEnumerable<Setting> Queue() =>
    [
        new ScalarSetting<int>(ValueForms.Whole(0, 100_000), o => o.Queue.Depth, (o, v) => o with { Queue = o.Queue with { Depth = v } })
        {
            Key = "queue.depth", IsHot = true, Summary = "Requests that may wait for a slot at once; 0 refuses at once when all are busy.",
        },
        new ScalarSetting<double>(ValueForms.Number(0.1, 3_600), o => o.Queue.TimeoutSeconds, (o, v) => o with { Queue = o.Queue with { TimeoutSeconds = v } })
        {
            Key = "queue.timeout_s", IsHot = true, Summary = "Seconds a request may wait for a slot.",
        },
    ];

    private static IEnumerable<Setting> Limits() =>
    [
        .. LimitRows("per_key", "for each key that has no limit of its own, and for each other account whose nodes ask", o => o.Limits.PerKey, (o, v) => o with { Limits = o.Limits with { PerKey = v } }),
        .. LimitRows("total", "for all callers together", o => o.Limits.Total, (o, v) => o with { Limits = o.Limits with { Total = v } }),
    ];

    private static IEnumerable<Setting> LimitRows(
        string scope, string whom, Func<MycelOptions, LimitOptions> get, Func<MycelOptions, LimitOptions, MycelOptions> with) =>
    [
        new ScalarSetting<int>(ValueForms.Whole(0, 1_000_000), o => get(o).Concurrent, (o, v) => with(o, get(o) with { Concurrent = v }))
        {
            Key = $"limits.{scope}.concurrent", IsHot = true, Summary = $"Requests running or waiting at once {whom}; 0 is no limit.",
        },
        new ScalarSetting<RateLimit?>(ValueForms.Rate, o => get(o).Rate, (o, v) => with(o, get(o) with { Rate = v }))
        {
            Key = $"limits.{scope}.rate", IsHot = true, Summary = $"Requests in a time {whom}.",
        },
    ];

    private static IEnumerable<Setting> Log() =>
    [
        new ScalarSetting<LogLevel>(
            ValueForms.OneOf(("debug", LogLevel.Debug), ("info", LogLevel.Information), ("warn", LogLevel.Warning), ("error", LogLevel.Error)),
            o => o.Log.Level, (o, v) => o with { Log = o.Log with { Level = v } })
        {
            Key = "log.level", IsHot = true, Flag = "--log-level", FlagValues = f => One(f.LogLevel), Summary = "Least severe level that is logged.",
        },
        new ScalarSetting<string>(
            ValueForms.OneOf(("auto", "auto"), ("text", "text"), ("json", "json")),
            o => o.Log.Format, (o, v) => o with { Log = o.Log with { Format = v } })
        {
            Key = "log.format", IsHot = true, Summary = "Form of a line on standard output; auto is text on a terminal and json elsewhere.",
        },
    ];

    private static string[]? One(string? text) => text is null ? null : [text];
}
