using Mycel.Identity;
using Mycel.Identity.Networks;

namespace Mycel.Node.Networks;

internal sealed class NetworkException(int status, string code, string message) : Exception(message)
{
    public int Status { get; } = status;

    public string Code { get; } = code;
}

internal sealed record NetworkMember(
    PeerId Id, AccountId Account, string Name, bool IsThis, bool IsOwn, bool IsRoot, bool IsLinked, MemberTerms? Terms, DateTimeOffset? Since, DateTimeOffset? LastSeen);

internal sealed class NetworkRegistry
{
    public IReadOnlyList<JoinedNetwork> Joined => [];

    public JoinedNetwork? Find(string nameOrId) => throw new NotImplementedException();

    public Task<JoinedNetwork> CreateAsync(string name, bool isPublic) => throw new NotImplementedException();

    public Task LeaveAsync(JoinedNetwork network) => throw new NotImplementedException();

    public bool IsRoot(JoinedNetwork network) => throw new NotImplementedException();

    public IReadOnlyList<NetworkMember> Members(NetworkId network) => [];
}

internal sealed class Invites
{
    public Invite Create(JoinedNetwork network, MemberTerms terms, int uses, TimeSpan validity, string label) => throw new NotImplementedException();

    public IReadOnlyList<InviteEntry> List() => [];

    public InviteEntry Revoke(string idPrefix) => throw new NotImplementedException();
}

internal sealed class Joiner
{
    public Task<JoinedNetwork> JoinAsync(string token, CancellationToken cancellation) => throw new NotImplementedException();
}
