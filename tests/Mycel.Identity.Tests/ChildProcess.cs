using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Mycel.Identity.Networks;

namespace Mycel.Identity.Tests;

/// <summary>
/// This test program once more, as a process of its own that does one job and ends. A child waits until the file "go" is there,
/// so that all of them begin at the same moment.
/// </summary>
internal sealed class ChildProcess : IDisposable
{
    private const string JobVariable = "MYCEL_IDENTITY_TEST_JOB";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Task<string> _output;
    private readonly Task<string> _errors;

    private ChildProcess(Process process)
    {
        _process = process;
        _output = process.StandardOutput.ReadToEndAsync();
        _errors = process.StandardError.ReadToEndAsync();
    }

    /// <summary>Starts a child; see <see cref="RunJobIfChild"/> for the jobs.</summary>
    public static ChildProcess Start(params string[] job)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(ChildProcess).Assembly.Location])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment[JobVariable] = string.Join('\n', job);
        return new ChildProcess(Process.Start(start)!);
    }

    /// <summary>Lets all children of a folder begin.</summary>
    public static void Go(string folder) => File.WriteAllText(Path.Combine(folder, "go"), "");

    public void Kill() => _process.Kill();

    /// <summary>Waits until the child is gone, however it ended.</summary>
    public async Task EndAsync()
    {
        using var deadline = new CancellationTokenSource(Patience);
        await _process.WaitForExitAsync(deadline.Token);
    }

    /// <summary>What the child printed; fails the test when it did not end well.</summary>
    public async Task<string> ResultAsync()
    {
        using var deadline = new CancellationTokenSource(Patience);
        await _process.WaitForExitAsync(deadline.Token);
        Assert.True(_process.ExitCode == 0, $"The child failed: {await _errors}");
        return (await _output).Trim();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }

    [ModuleInitializer]
    internal static void RunJobIfChild()
    {
        if (Environment.GetEnvironmentVariable(JobVariable) is not { } job)
            return;
        string[] words = job.Split('\n');
        string folder = words[1];
        SpinWait.SpinUntil(() => File.Exists(Path.Combine(folder, "go")), Patience);
        string store = Path.Combine(folder, "data");
        switch (words[0])
        {
            case "key":
                using (DeviceKey key = DeviceKey.LoadOrCreate(store))
                    Console.WriteLine(key.PeerId);
                break;
            case "set":
                SetMany(store, prefix: words[2], count: int.Parse(words[3], CultureInfo.InvariantCulture));
                break;
            case "redeem":
                RedeemMany(folder);
                break;
            default:
                throw new ArgumentException(job);
        }

        Environment.Exit(0);
    }

    /// <summary>Redeems one invite for account after account, and writes down each that it would have told.</summary>
    private static void RedeemMany(string folder)
    {
        var time = new FixedTime { Now = DateTimeOffset.UtcNow };
        var host = new Person(time);
        NetworkCharter network = host.Found();
        var book = new InviteBook(Path.Combine(folder, "invites"), time);
        Invite invite = host.Invite(network, time, Invite.MaxUses);
        book.Add(invite, "");
        using FileStream told = File.Create(Path.Combine(folder, "told"));
        while (true)
        {
            using var guest = new Person(time);
            book.Redeem(invite.Id, guest.Account.PublicKey, guest.Device.PeerId, opened => host.Admit(network, guest, opened.Terms, time.Now));
            told.Write(Encoding.ASCII.GetBytes(guest.Account.AccountId + "\n"));
            told.Flush();
        }
    }

    private static void SetMany(string folder, string prefix, int count)
    {
        using DeviceKey key = DeviceKey.LoadOrCreate(folder);
        using var secrets = new SecretStore(folder, key, TimeProvider.System);
        for (int i = 0; i < count; i++)
            secrets.Set($"{prefix}-{i}", $"value of {prefix}-{i}");
    }
}
