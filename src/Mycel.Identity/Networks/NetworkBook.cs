using Google.Protobuf;
using Mycel.Identity.Wire;

namespace Mycel.Identity.Networks;

/// <summary>A network that this node belongs to.</summary>
/// <param name="Charter">What it is.</param>
/// <param name="Membership">The own account's membership; null where the own account is the root.</param>
/// <param name="Nodes">Nodes of it to be tried first.</param>
public sealed record JoinedNetwork(NetworkCharter Charter, Membership? Membership, IReadOnlyList<InviteAddress> Nodes)
{
    /// <summary>What the own account may do in it.</summary>
    public MemberTerms Terms => Membership?.Terms ?? MemberTerms.Root;
}

/// <summary>The networks that this node belongs to, a file each in a private folder. Safe for use from several threads.</summary>
public sealed class NetworkBook
{
    /// <summary>Most networks at once.</summary>
    public const int MaxNetworks = 64;

    private const int MaxFileBytes = 512 * 1024;
    private const string Extension = ".network";

    private readonly string _folder;
    private readonly Lock _gate = new();

    /// <param name="folder">Where the files lie; made where it is absent.</param>
    public NetworkBook(string folder)
    {
        PrivateFolder.Ensure(folder);
        _folder = Path.GetFullPath(folder);
    }

    /// <summary>All networks, by name.</summary>
    /// <exception cref="IdentityException">A file is damaged: a network that silently went missing would be worse.</exception>
    public IReadOnlyList<JoinedNetwork> List()
    {
        lock (_gate)
        {
            return [.. Directory.EnumerateFiles(_folder, "*" + Extension).Select(Read).OrderBy(network => network.Charter.Name, StringComparer.OrdinalIgnoreCase).ThenBy(network => network.Charter.Id.ToString(), StringComparer.Ordinal)];
        }
    }

    /// <summary>Keeps a network; an older charter or membership never replaces a newer one.</summary>
    /// <exception cref="IdentityException">There are too many.</exception>
    public void Put(JoinedNetwork network)
    {
        ArgumentNullException.ThrowIfNull(network);
        lock (_gate)
        {
            string path = PathOf(network.Charter.Id);
            if (File.Exists(path))
            {
                JoinedNetwork known = Read(path);
                if (known.Charter.Sequence > network.Charter.Sequence)
                    network = network with { Charter = known.Charter };
                if (known.Membership?.Sequence > (network.Membership?.Sequence ?? 0))
                    network = network with { Membership = known.Membership };
            }
            else if (Directory.EnumerateFiles(_folder, "*" + Extension).Count() >= MaxNetworks)
            {
                throw new IdentityException($"This node belongs to {MaxNetworks} networks already. Leave one with `mycel network leave`.");
            }

            var state = new NetworkState { Charter = network.Charter.Signed, Membership = network.Membership?.Signed };
            state.Nodes.AddRange(network.Nodes.Select(Invite.ToWire));
            AtomicFile.Write(path, state.ToByteArray());
        }
    }

    /// <summary>Forgets a network; false when it is not known.</summary>
    public bool Remove(NetworkId id)
    {
        lock (_gate)
        {
            if (!File.Exists(PathOf(id)))
                return false;
            File.Delete(PathOf(id));
            return true;
        }
    }

    private static JoinedNetwork Read(string path)
    {
        byte[] content = BoundedFile.Read(path, MaxFileBytes, ownerOnly: true) ?? throw new IdentityException($"{path} has gone while it was read.");
        try
        {
            NetworkState state = Statement.Read(NetworkState.Parser, content, MaxFileBytes, "The network's file");
            return new JoinedNetwork(NetworkCharter.Read(state.Charter), state.Membership is null ? null : Membership.Read(state.Membership, 0), Invite.ReadNodes(state.Nodes));
        }
        catch (StatementException unusable)
        {
            throw new IdentityException($"{path} cannot be used: {unusable.Message} Restore it from a backup, or move it away and join the network again.", unusable);
        }
    }

    private string PathOf(NetworkId id) => Path.Combine(_folder, id + Extension);
}
