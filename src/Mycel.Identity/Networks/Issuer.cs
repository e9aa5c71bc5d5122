using Mycel.Identity.Certificates;
using Mycel.Identity.Wire;
using DeviceCertificate = Mycel.Identity.Certificates.DeviceCertificate;

namespace Mycel.Identity.Networks;

/// <summary>
/// The device that signs memberships and invites, with what proves that it may: its certificate, and its account's own membership
/// unless that account is the network's root.
/// </summary>
public sealed class Issuer
{
    private readonly byte[] _rootKey;

    private Issuer(byte[] rootKey, DeviceCertificate certificate, Membership? membership)
    {
        _rootKey = rootKey;
        Certificate = certificate;
        Membership = membership;
    }

    /// <summary>The device's certificate.</summary>
    public DeviceCertificate Certificate { get; }

    /// <summary>Its account's membership; null where the account is the root.</summary>
    public Membership? Membership { get; }

    /// <summary>What its account may do itself.</summary>
    public MemberTerms Terms => Membership?.Terms ?? MemberTerms.Root;

    /// <summary>How many admissions lie between the root and this one's account.</summary>
    public int Depth => Membership is null ? 0 : Membership.Depth + 1;

    /// <summary>Puts an issuer together and checks that it may admit.</summary>
    /// <param name="rootKey">The network's root key.</param>
    /// <param name="certificate">The device's certificate.</param>
    /// <param name="membership">Its account's membership; null where the account is the root.</param>
    /// <exception cref="StatementException">It may not.</exception>
    public static Issuer Create(ReadOnlySpan<byte> rootKey, DeviceCertificate certificate, Membership? membership)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        if (!certificate.Roles.HasFlag(DeviceRoles.Admit))
            throw new StatementException("The device that admits was not given that role by its account.");
        if (membership is null)
        {
            if (!certificate.AccountKey.SequenceEqual(rootKey))
                throw new StatementException("The device that admits is not of the network's root account and shows no membership.");
        }
        else if (!membership.RootKey.SequenceEqual(rootKey) || membership.Member != certificate.AccountId)
        {
            throw new StatementException("The device that admits shows a membership of another network or of another account.");
        }
        else if (!membership.Terms.MayInvite)
        {
            throw new StatementException("The account that admits may not invite others.");
        }

        return new Issuer(rootKey.ToArray(), certificate, membership);
    }

    internal static Issuer Read(ReadOnlySpan<byte> rootKey, Signed certificate, Signed? membership, int depth)
        => Create(rootKey, DeviceCertificate.Read(certificate), membership is null ? null : Membership.Read(membership, depth + 1));

    /// <summary>Checks that certificate and membership are valid at a time.</summary>
    /// <exception cref="StatementException">One is not.</exception>
    public void CheckTime(DateTimeOffset now)
    {
        Certificate.CheckTime(now);
        Membership?.CheckTime(now);
    }

    /// <summary>Every device and account that the right to admit came from, this one first.</summary>
    public IEnumerable<DeviceCertificate> Chain()
    {
        for (Issuer? issuer = this; issuer is not null; issuer = issuer.Membership?.Issuer)
            yield return issuer.Certificate;
    }

    internal ReadOnlySpan<byte> RootKey => _rootKey;
}
