using Google.Protobuf;
using Mycel.Identity;
using Mycel.Node.Links;

namespace Mycel.Node.Networks;

/// <summary>The part about records: which are taken, and what is passed on of them.</summary>
internal sealed partial class PeerBook
{
    /// <summary>Takes records that a greeted peer sent.</summary>
    /// <param name="from">The peer that sent them.</param>
    /// <param name="records">Signed records, its own or other nodes'.</param>
    /// <returns>How many counted.</returns>
    /// <exception cref="StatementException">One is damaged, out of bounds, or not signed by the node that it names; the ones before it count.</exception>
    public int Take(PeerId from, IEnumerable<ByteString> records)
    {
        var now = _time.GetUtcNow();
        var taken = 0;
        var isRevised = false;
        try
        {
            foreach (var bytes in records)
            {
                if (StandingOf(from, out _) is not { } standing) break;
                var record = NodeRecords.Read(bytes, now);
                if (!IsWanted(record, from, standing)) continue;
                record.Verify();
                lock (_gate)
                {
                    if (!TryKeep(record, from, now, out var isWorthPassingOn)) continue;
                    isRevised |= isWorthPassingOn;
                }

                taken++;
            }
        }
        finally
        {
            if (taken > 0) Tell(isRevised);
        }

        return taken;
    }

    /// <summary>The records worth passing on that changed after a revision, other than the reader's own and those of nodes that have nothing to do with it.</summary>
    /// <param name="reader">Who is to get them.</param>
    /// <param name="revision">What it has; 0 for nothing. Afterwards what it will have.</param>
    public IReadOnlyList<ByteString> PassOn(PeerId reader, ref long revision)
    {
        if (StandingOf(reader, out _) is not { } standing) return [];
        var since = revision;
        lock (_gate)
        {
            revision = _revision;
            return [.. _entries.Values
                .Where(entry => entry.Revision > since && entry.Shared is not null && entry.Id != reader && entry.Via != reader)
                .Where(entry => standing.IsOwn || entry.Info.Networks.Any(standing.Networks.ContainsKey))
                .OrderBy(entry => entry.Revision).Select(entry => entry.Shared!)];
        }
    }

    /// <summary>What to write to the disk: nodes that were linked once, or at least heard of.</summary>
    public IReadOnlyList<StoredPeer> Store()
    {
        lock (_gate)
        {
            return [.. _entries.Values.Where(entry => entry.LastSeen is not null && entry.Info.Addresses.Count > 0).Select(entry => new StoredPeer
            {
                Id = entry.Id.ToString(),
                Account = entry.Account.ToString(),
                Name = entry.Name,
                Networks = [.. entry.Info.Networks.Select(id => id.ToString())],
                Addresses = entry.Info.Addresses,
                LastSeen = entry.Info.LastSeen ?? entry.LastSeen!.Value,
            })];
        }
    }

    /// <summary>Takes over what an earlier run wrote.</summary>
    public void Restore(IEnumerable<StoredPeer> stored)
    {
        lock (_gate)
        {
            foreach (var peer in stored.Take(MaxPeers))
            {
                if (!PeerId.TryParse(peer.Id, out var id) || !AccountId.TryParse(peer.Account, out var account) || id == _ownId || _entries.ContainsKey(id)) continue;
                var entry = Add(id, via: null);
                if (entry is null) return;
                entry.Account = account;
                entry.Name = peer.Name;
                entry.LastSeen = peer.LastSeen;
                entry.StoredAddresses = [.. peer.Addresses.Where(address => address is not null && LinkAddress.IsValid(address)).Take(LinkAddress.MaxCount)];
                entry.StoredNetworks = [.. peer.Networks.Take(NodeRecords.MaxNetworks).Select(text => NetworkId.TryParse(text, out var network) ? network : default).Where(network => network != default)];
                Refresh(entry);
            }
        }

        Tell(isRevised: false);
    }

    /// <summary>What can be told without looking at the signature, which costs the most.</summary>
    private bool IsWanted(SignedRecord record, PeerId from, PeerStanding standing)
    {
        if (record.Id == _ownId || _revocations.IsRevoked(record.Account, record.Id)) return false;
        if (record.Id == from)
        {
            if (record.Account != standing.Account) throw new StatementException("The node's record names another account than its certificate.");
        }
        else
        {
            // Whoever is linked here speaks for itself.
            if (_greeted.ContainsKey(record.Id)) return false;

            // Nobody introduces nodes to networks that they are not in themselves.
            var isOwn = standing.IsOwn && record.Account == _ownAccount;
            if (!isOwn && !record.Networks.Any(id => _networks.Contains(id) && (standing.IsOwn || standing.Networks.ContainsKey(id)))) return false;
        }

        lock (_gate)
        {
            return !_entries.TryGetValue(record.Id, out var known)
                || record.Body.Sequence > known.Sequence || (!record.IsForHome && record.Body.Sequence > known.SharedSequence);
        }
    }

    private bool TryKeep(SignedRecord record, PeerId from, DateTimeOffset now, out bool isRevised)
    {
        isRevised = false;
        var isNew = !_entries.TryGetValue(record.Id, out var entry);
        if (isNew && (entry = Add(record.Id, record.Id == from ? null : from)) is null) return false;
        if (isNew) entry!.Account = record.Account;

        // An account that was proved over a link is not changed by what is only said.
        if (!isNew && record.Id != from && entry!.Account != record.Account) return false;
        isRevised = Store(entry!, record, now);
        Refresh(entry!);
        return true;
    }

    /// <summary>Keeps a record that was verified, where it is newer; older ones change nothing.</summary>
    /// <returns>Whether others should hear of it.</returns>
    private bool Store(PeerEntry entry, SignedRecord record, DateTimeOffset now)
    {
        var isMoved = entry.Record is not { } before || !before.Body.Addresses.SequenceEqual(record.Body.Addresses) || !before.Networks.SequenceEqual(record.Networks);
        if (record.Body.Sequence > entry.Sequence)
        {
            entry.Sequence = record.Body.Sequence;
            entry.Record = record;
            entry.RecordAt = now;
            if (!_greeted.ContainsKey(entry.Id)) entry.Name = record.Body.Name;
        }

        if (record.IsForHome || record.Body.Sequence <= entry.SharedSequence) return false;
        entry.Shared = record.Bytes;
        entry.SharedSequence = record.Body.Sequence;
        entry.SharedAt = DateTimeOffset.FromUnixTimeSeconds(record.Body.IssuedAt);
        if (!isMoved && now - entry.RevisedAt < PassOnEvery) return false;
        entry.Revision = ++_revision;
        entry.RevisedAt = now;
        return true;
    }
}
