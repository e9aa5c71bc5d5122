using System.Runtime.InteropServices;

namespace Mycel.Dht.Routing;

/// <summary>
/// Whom a node knows: a bucket for each length of prefix that a contact has in common with it (Kademlia, section 2.4). Only nodes that proved id and address
/// come in. Long-lived contacts keep their place while they answer, which also keeps a flood of new nodes out; the addresses of one owner take few places
/// (BEP 42; Marcus, Heilman and Goldberg on eclipse attacks against Ethereum, 2018). Contacts at private addresses are not counted by
/// group: whoever is there is let in by the owner of that network, and has nothing but such addresses.
/// </summary>
internal sealed class RoutingTable(DhtOptions options, DhtKey self)
{
    private readonly Bucket?[] _buckets = new Bucket?[DhtKey.Bits];
    private readonly Dictionary<UInt128, int> _groups = [];

    /// <summary>Kept between questions, most of which look for the nearest contacts.</summary>
    private readonly List<DhtContact> _nearest = [];

    /// <summary>Contacts in buckets.</summary>
    public int Count { get; private set; }

    /// <summary>Contacts that wait for a place.</summary>
    public int ReplacementCount { get; private set; }

    /// <summary>Buckets that have contacts, by length of prefix.</summary>
    public IEnumerable<(int Prefix, Bucket Bucket)> Buckets
    {
        get
        {
            for (int i = 0; i < _buckets.Length; i++)
            {
                if (_buckets[i] is { } bucket)
                    yield return (i, bucket);
            }
        }
    }

    public bool Contains(DhtKey key) => Find(key) is not null;

    /// <summary>A contact answered, or asked with a token that proves its address. Where it found no place, returns the entry that would make way for it if it did not answer.</summary>
    public BucketEntry? Heard(DhtContact contact, long now)
    {
        if (contact.Key == self || contact.Address.Reach == DhtReach.Nowhere)
            return null;
        int prefix = self.CommonPrefix(contact.Key);
        Bucket bucket = _buckets[prefix] ??= new Bucket();
        int index = bucket.Entries.FindIndex(e => e.Contact.Key == contact.Key);
        if (index >= 0)
        {
            Refresh(bucket, index, contact, now);
            return null;
        }

        if (bucket.Entries.Count < options.BucketSize && MayJoin(bucket, contact))
        {
            RemoveReplacement(bucket, contact.Key);
            Add(bucket, new BucketEntry(contact) { HeardAt = now, CheckedAt = now });
            return null;
        }

        int failed = bucket.Entries.FindIndex(e => e.Failures >= options.MaxFailures);
        if (failed >= 0)
        {
            Remove(bucket, failed);
            if (MayJoin(bucket, contact))
            {
                Add(bucket, new BucketEntry(contact) { HeardAt = now, CheckedAt = now });
                return null;
            }
        }

        Wait(bucket, contact);
        return bucket.Entries.Count > 0 ? bucket.Entries[0] : null;
    }

    /// <summary>A contact left a question unanswered. After several in a row one that waits takes its place; with none waiting it stays, the last to be asked.</summary>
    public void Failed(DhtKey key)
    {
        if (Find(key) is not { } found)
            return;
        (Bucket bucket, int index) = found;
        if (++bucket.Entries[index].Failures < options.MaxFailures)
            return;
        for (int i = bucket.Replacements.Count - 1; i >= 0; i--)
        {
            DhtContact waiting = bucket.Replacements[i];
            BucketEntry old = bucket.Entries[index];
            Remove(bucket, index);
            if (MayJoin(bucket, waiting))
            {
                bucket.Replacements.RemoveAt(i);
                ReplacementCount--;
                // Heard of long ago perhaps: it is the first to be asked whether it is there.
                bucket.Entries.Insert(0, new BucketEntry(waiting));
                Counted(waiting, 1);
                return;
            }

            bucket.Entries.Insert(index, old);
            Counted(old.Contact, 1);
        }
    }

    /// <summary>The contacts nearest to a key, nearest first. Those that did not answer lately come in only where <paramref name="alsoFailed"/>.</summary>
    public List<DhtContact> Closest(DhtKey target, int count, bool alsoFailed = false)
    {
        _nearest.Clear();
        DhtKey distance = self.Xor(target);
        // No contact of a bucket is as near as any of the bucket before it. Contacts of bucket i differ from this node first in bit i. Where the target does too, they
        // agree with it there, and those of deeper buckets do not: they are nearer. Where the target does not, they are farther than all deeper ones.
        for (int i = 0; i < DhtKey.Bits && _nearest.Count < count; i++)
        {
            if (_buckets[i] is { } bucket && distance.HasBit(i))
                Take(bucket, target, alsoFailed);
        }

        for (int i = DhtKey.Bits - 1; i >= 0 && _nearest.Count < count; i--)
        {
            if (_buckets[i] is { } bucket && !distance.HasBit(i))
                Take(bucket, target, alsoFailed);
        }

        return _nearest.GetRange(0, Math.Min(count, _nearest.Count));
    }

    /// <summary>Some random contacts.</summary>
    public IEnumerable<DhtContact> Sample(IDhtRandom random, int count)
    {
        List<DhtContact> all = [];
        foreach ((_, Bucket bucket) in Buckets)
            all.AddRange(bucket.Entries.Where(static e => e.Failures == 0).Select(static e => e.Contact));
        for (int i = 0; i < count && i < all.Count; i++)
        {
            int other = i + random.Below(all.Count - i);
            (all[i], all[other]) = (all[other], all[i]);
            yield return all[i];
        }
    }

    /// <summary>Contacts not heard of since a time, and not checked since then either.</summary>
    public void Silent(long since, int most, List<BucketEntry> into)
    {
        foreach ((_, Bucket bucket) in Buckets)
        {
            foreach (BucketEntry entry in bucket.Entries)
            {
                if (into.Count == most)
                    return;
                if (entry.HeardAt <= since && entry.CheckedAt <= since)
                    into.Add(entry);
            }
        }
    }

    private void Take(Bucket bucket, DhtKey target, bool alsoFailed)
    {
        Span<DhtKey> distances = stackalloc DhtKey[DhtLimits.MaxContacts];
        int start = _nearest.Count, count = 0;
        foreach (BucketEntry entry in bucket.Entries)
        {
            if (entry.Failures > 0 && !alsoFailed)
                continue;
            distances[count++] = entry.Contact.Key.Xor(target);
            _nearest.Add(entry.Contact);
        }

        distances[..count].Sort(CollectionsMarshal.AsSpan(_nearest)[start..]);
    }

    private (Bucket Bucket, int Index)? Find(DhtKey key)
    {
        if (key == self || _buckets[self.CommonPrefix(key)] is not { } bucket)
            return null;
        int index = bucket.Entries.FindIndex(e => e.Contact.Key == key);
        return index >= 0 ? (bucket, index) : null;
    }

    private void Refresh(Bucket bucket, int index, DhtContact contact, long now)
    {
        BucketEntry entry = bucket.Entries[index];
        entry.HeardAt = now;
        entry.Failures = 0;
        if (entry.Contact.Address != contact.Address)
        {
            Remove(bucket, index);
            if (!MayJoin(bucket, contact))
                return;
            entry.Contact = contact;
            Add(bucket, entry);
            return;
        }

        bucket.Entries.RemoveAt(index);
        bucket.Entries.Add(entry);
    }

    private bool MayJoin(Bucket bucket, DhtContact contact)
    {
        if (contact.Address.Reach != DhtReach.Public)
            return true;
        UInt128 group = contact.Address.Group;
        if (_groups.GetValueOrDefault(group) >= options.MaxContactsPerGroup)
            return false;
        return bucket.Entries.Count < options.SharedGroupSlots
            || !bucket.Entries.Exists(e => e.Contact.Address.Reach == DhtReach.Public && e.Contact.Address.Group == group);
    }

    private void Wait(Bucket bucket, DhtContact contact)
    {
        RemoveReplacement(bucket, contact.Key);
        if (bucket.Replacements.Count == options.MaxReplacements)
            bucket.Replacements.RemoveAt(0);
        else
            ReplacementCount++;
        bucket.Replacements.Add(contact);
    }

    private void RemoveReplacement(Bucket bucket, DhtKey key)
        => ReplacementCount -= bucket.Replacements.RemoveAll(c => c.Key == key);

    private void Add(Bucket bucket, BucketEntry entry)
    {
        bucket.Entries.Add(entry);
        Counted(entry.Contact, 1);
    }

    private void Remove(Bucket bucket, int index)
    {
        Counted(bucket.Entries[index].Contact, -1);
        bucket.Entries.RemoveAt(index);
    }

    private void Counted(DhtContact contact, int change)
    {
        Count += change;
        if (contact.Address.Reach != DhtReach.Public)
            return;
        int count = _groups.GetValueOrDefault(contact.Address.Group) + change;
        if (count == 0)
            _groups.Remove(contact.Address.Group);
        else
            _groups[contact.Address.Group] = count;
    }
}
