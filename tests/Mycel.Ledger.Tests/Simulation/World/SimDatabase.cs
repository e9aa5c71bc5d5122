using Mycel.Identity;
using Mycel.Ledger.Storage;

namespace Mycel.Ledger.Tests.Simulation.World;

/// <summary>What survives a node's death: a database whose writes happen when <see cref="Commit"/> is called, on the caller's thread.</summary>
internal abstract class SimDatabase : IDisposable
{
    /// <summary>Tasks of its writes complete in <see cref="Commit"/>, those of its reads at once.</summary>
    public abstract ILedgerStore Store { get; }

    /// <summary>Writes all that was given, as one group.</summary>
    public abstract void Commit();

    /// <summary>Opens it anew, as a process does that starts.</summary>
    public abstract void Reopen();

    /// <summary>Keeps a copy of it as it is.</summary>
    public abstract void Backup();

    /// <summary>Sets it back to the copy; nothing where there is none.</summary>
    /// <returns>Whether there is one.</returns>
    public abstract bool Restore();

    /// <summary>Checks a network's whole ledger in it as <c>mycel ledger verify</c> does; null where this is a stand-in that cannot.</summary>
    public virtual LedgerVerification? Verify(NetworkId network) => null;

    /// <summary>The same database for another device, which has a book of its own in it.</summary>
    public abstract SimDatabase Share(PeerId book);

    public abstract void Dispose();
}
