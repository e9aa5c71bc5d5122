using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Mycel.EndToEnd.Peers.Harness;

/// <summary>
/// Hosts in network namespaces: a public one, and private ones each behind a router with address translation and a firewall that lets only
/// answers in. The public one forwards between the routers, as the internet does. Needs root, `ip` and `nft`; the tests are skipped elsewhere.
/// </summary>
/// <remarks>
/// <code>
/// private 0 (10.0.0.2) ── router 0 ── 198.51.100.2 ─┐
///                                    198.51.100.1 public 198.51.101.1
///                                                   └─ 198.51.101.2 ── router 1 ── private 1 (10.0.1.2)
/// </code>
/// </remarks>
internal sealed partial class NetworkHosts : IDisposable
{
    private readonly string _prefix = "mycel" + Guid.NewGuid().ToString("N")[..6];
    private readonly List<string> _namespaces = [];

    private NetworkHosts()
    {
    }

    /// <summary>The public host.</summary>
    public string Public => _prefix + "p";

    public static string PublicAddress => "198.51.100.1";

    /// <summary>A private host.</summary>
    public string Private(int number) => string.Create(CultureInfo.InvariantCulture, $"{_prefix}h{number}");

    /// <summary>The router of a private host.</summary>
    public string Router(int number) => string.Create(CultureInfo.InvariantCulture, $"{_prefix}r{number}");

    /// <summary>Builds the hosts; skips the test where that cannot be done.</summary>
    public static NetworkHosts Create(int privateHosts) => Build(hosts =>
    {
        Assert.SkipUnless(TryRun("nft", "--version", out var why), $"Network namespaces need `nft` (nftables): {why}");
        Assert.SkipUnless(hosts.TryAdd(hosts.Public, out why), $"No network namespaces here: {why}");
        Assert.SkipUnless(TryRun("ip", $"netns exec {hosts.Public} nft add table ip test", out why), $"No packet filter in network namespaces here: {why}");
        hosts.In(hosts.Public, "sysctl -qw net.ipv4.ip_forward=1");
        for (var i = 0; i < privateHosts; i++) hosts.AddPrivate(i);
    });

    /// <summary>Builds two hosts, private 0 and 1, on one local network that leads nowhere; skips the test where that cannot be done.</summary>
    public static NetworkHosts CreateLan() => Build(hosts =>
    {
        for (var i = 0; i < 2; i++) Assert.SkipUnless(hosts.TryAdd(hosts.Private(i), out var why), $"No network namespaces here: {why}");
        Run("ip", $"link add eth netns {hosts.Private(0)} type veth peer name eth netns {hosts.Private(1)}");
        for (var i = 0; i < 2; i++)
        {
            hosts.In(hosts.Private(i), $"ip addr add {LanAddress(i)}/24 dev eth");
            hosts.In(hosts.Private(i), "ip link set eth up");
        }
    });

    /// <summary>Address of a host of <see cref="CreateLan"/>.</summary>
    public static string LanAddress(int number) => string.Create(CultureInfo.InvariantCulture, $"10.1.0.{number + 1}");

    private static NetworkHosts Build(Action<NetworkHosts> add)
    {
        var hosts = new NetworkHosts();
        try
        {
            Assert.SkipUnless(Mycel.EndToEnd.Harness.ProcessSignals.GetEffectiveUserId() == 0, "Network namespaces need root.");
            Assert.SkipUnless(TryRun("ip", "-V", out var why), $"Network namespaces need `ip` (iproute2): {why}");
            add(hosts);
            return hosts;
        }
        catch
        {
            hosts.Dispose();
            throw;
        }
    }

    /// <summary>The public host passes nothing on between the routers: no way leads from one private host to another.</summary>
    public void Separate() => In(Public, "nft", "add chain ip test forward { type filter hook forward priority 0 ; policy drop ; }");

    /// <summary>A router lets no UDP through, as many firewalls.</summary>
    public void BlockUdp(int number) => In(Router(number), "nft", "insert rule ip filter forward meta l4proto udp drop");

    /// <summary>A router loses so many of a hundred packets in each direction.</summary>
    public void Lose(int number, int percent) => In(Router(number), "nft", string.Create(CultureInfo.InvariantCulture, $"insert rule ip filter forward numgen random mod 100 < {percent} drop"));

    /// <summary>A router forgets all translations, and gives out other ports from now on, as after a restart.</summary>
    public void Restart(int number)
    {
        var router = Router(number);
        In(router, "nft", "flush chain ip nat postrouting");
        In(router, "nft", "add rule ip nat postrouting oifname wan meta l4proto udp masquerade to :20000-30000");
        // With its address an interface loses the translations to it.
        In(router, "ip link set wan down");
        In(router, "ip link set wan up");
        In(router, string.Create(CultureInfo.InvariantCulture, $"ip route add default via 198.51.{100 + number}.1"));
    }

    /// <summary>A router gets another public address, as many do every day: the one before is gone, and with it all translations to it.</summary>
    public void Move(int number)
    {
        var router = Router(number);
        In(router, string.Create(CultureInfo.InvariantCulture, $"ip addr add 198.51.{100 + number}.77/24 dev wan"));
        In(router, string.Create(CultureInfo.InvariantCulture, $"ip addr del 198.51.{100 + number}.2/24 dev wan"));
        // Other addresses of an interface may go with its first.
        In(router, string.Create(CultureInfo.InvariantCulture, $"ip addr replace 198.51.{100 + number}.77/24 dev wan"));
        In(router, string.Create(CultureInfo.InvariantCulture, $"ip route replace default via 198.51.{100 + number}.1"));
    }

    /// <summary>The address that a router has after <see cref="Move"/>.</summary>
    public static string MovedAddress(int number) => string.Create(CultureInfo.InvariantCulture, $"198.51.{100 + number}.77");

    /// <summary>Makes something in a host's network: its sockets, and those of the threads that it starts, are that host's.</summary>
    public static T Inside<T>(string host, Func<T> make)
    {
        T made = default!;
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                using var network = File.OpenHandle("/var/run/netns/" + host);
                if (SetNamespace(network, NetworkNamespaceKind) != 0) throw new InvalidOperationException($"The network of {host} cannot be entered.");
                made = make();
            }
            catch (Exception error)
            {
                failure = error;
            }
        });
        thread.Start();
        thread.Join();
        return failure is null ? made : throw new InvalidOperationException($"Not made in the network of {host}: {failure.Message}", failure);
    }

    private const int NetworkNamespaceKind = 0x40000000;

    [LibraryImport("libc", EntryPoint = "setns")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetNamespace(Microsoft.Win32.SafeHandles.SafeFileHandle network, int kind);

    public void Dispose()
    {
        foreach (var name in _namespaces) TryRun("ip", $"netns del {name}", out _);
    }

    private void AddPrivate(int i)
    {
        var (host, router) = (Private(i), Router(i));
        foreach (var name in new[] { host, router })
            if (!TryAdd(name, out var why)) throw new InvalidOperationException(why);
        string F(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
        Run("ip", F($"link add wan{i} netns {Public} type veth peer name wan netns {router}"));
        Run("ip", F($"link add lan netns {router} type veth peer name eth netns {host}"));
        In(Public, F($"ip addr add 198.51.{100 + i}.1/24 dev wan{i}"));
        In(Public, F($"ip link set wan{i} up"));
        In(router, F($"ip addr add 198.51.{100 + i}.2/24 dev wan"));
        In(router, "ip link set wan up");
        In(router, F($"ip addr add 10.0.{i}.1/24 dev lan"));
        In(router, "ip link set lan up");
        In(router, F($"ip route add default via 198.51.{100 + i}.1"));
        In(router, "sysctl -qw net.ipv4.ip_forward=1");
        In(router, "nft", "add table ip nat");
        In(router, "nft", "add chain ip nat postrouting { type nat hook postrouting priority 100 ; }");
        In(router, "nft", "add rule ip nat postrouting oifname wan masquerade");
        In(router, "nft", "add table ip filter");
        In(router, "nft", "add chain ip filter forward { type filter hook forward priority 0 ; policy drop ; }");
        In(router, "nft", "add rule ip filter forward ct state established,related accept");
        In(router, "nft", "add rule ip filter forward iifname lan accept");
        In(host, F($"ip addr add 10.0.{i}.2/24 dev eth"));
        In(host, "ip link set eth up");
        In(host, F($"ip route add default via 10.0.{i}.1"));
    }

    private bool TryAdd(string name, out string why)
    {
        if (!TryRun("ip", $"netns add {name}", out why)) return false;
        _namespaces.Add(name);
        return TryRun("ip", $"netns exec {name} ip link set lo up", out why);
    }

    private void In(string name, string command) => Run("ip", $"netns exec {name} {command}");

    private void In(string name, string program, string argument) => Run("ip", ["netns", "exec", name, program, argument]);

    private static void Run(string program, string arguments) => Run(program, arguments.Split(' '));

    private static void Run(string program, IReadOnlyList<string> arguments)
    {
        if (!TryRun(program, arguments, out var error)) throw new InvalidOperationException($"`{program} {string.Join(' ', arguments)}` failed: {error}");
    }

    private static bool TryRun(string program, string arguments, out string error) => TryRun(program, arguments.Split(' '), out error);

    private static bool TryRun(string program, IReadOnlyList<string> arguments, out string error)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
            error = process.StandardError.ReadToEnd().Trim();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            error = missing.Message;
            return false;
        }
    }
}
