using Mycel.Identity;
using Mycel.Identity.Certificates;
using Mycel.Identity.Networks;

namespace Mycel.Ledger.Tests.Simulation.World;

/// <summary>A person in a simulated network.</summary>
internal sealed class SimAccount : IDisposable
{
    public SimAccount(int number, SimRandom random, bool realSignatures, long line)
    {
        Number = number;
        Key = new AccountKey(SimulatedSignatures.Seed(random, realSignatures));
        Terms = new MemberTerms { CreditLine = line };
    }

    public int Number { get; }

    public AccountKey Key { get; }

    public AccountId Id => Key.AccountId;

    /// <summary>What its membership allows.</summary>
    public MemberTerms Terms { get; }

    /// <summary>Whether all its devices keep to the rules.</summary>
    public bool IsHonest { get; set; } = true;

    public void Dispose() => Key.Dispose();
}

/// <summary>One of a person's devices.</summary>
internal sealed class SimDevice : IDisposable
{
    private static readonly DateTimeOffset From = new(2026, 12, 1, 0, 0, 0, TimeSpan.Zero);

    public SimDevice(SimAccount account, SimRandom random, bool realSignatures, string name)
    {
        Account = account;
        Key = new DeviceKey(SimulatedSignatures.Seed(random, realSignatures));
        Certificate = DeviceCertificate.Issue(account.Key, Key.PublicKey, name, DeviceRoles.All, 1, From, TimeSpan.FromDays(360));
    }

    public SimAccount Account { get; }

    public DeviceKey Key { get; }

    public DeviceCertificate Certificate { get; }

    public PeerId Id => Key.PeerId;

    public void Dispose() => Key.Dispose();
}
