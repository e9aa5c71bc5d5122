namespace Mycel.Identity.Certificates;

/// <summary>The other end of a link, as its TLS certificate proved it.</summary>
/// <param name="Certificate">The account's statement about the device; its time was checked.</param>
public sealed record ProvenPeer(DeviceCertificate Certificate)
{
    /// <summary>The device.</summary>
    public PeerId PeerId => Certificate.PeerId;

    /// <summary>The person it belongs to.</summary>
    public AccountId AccountId => Certificate.AccountId;
}
