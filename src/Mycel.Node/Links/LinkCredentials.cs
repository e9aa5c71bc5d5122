using System.Security.Cryptography.X509Certificates;
using Mycel.Identity;
using Mycel.Identity.Certificates;
using Mycel.Transport;

namespace Mycel.Node.Links;

/// <summary>What this node shows in handshakes, renewed when half of its time is over; and the judgement on what others show.</summary>
internal sealed class LinkCredentials : IDisposable
{
    private readonly NodeIdentity _identity;
    private readonly TimeProvider _time;
    private readonly List<X509Certificate2> _made = [];
    private DateTimeOffset _renewAt;

    public LinkCredentials(NodeIdentity identity, TimeProvider time)
    {
        _identity = identity;
        _time = time;
        Current = Make();
    }

    public TransportCredentials Current { get; private set; }

    /// <summary>Whether a peer is cast out, and why; asked after its certificate was found valid.</summary>
    public Func<ProvenPeer, string?> Judge { get; set; } = static _ => null;

    /// <summary>Makes new ones where it is time.</summary>
    /// <returns>Whether there are new ones.</returns>
    public bool RenewIfDue()
    {
        if (!_identity.RenewIfDue() && _time.GetUtcNow() < _renewAt) return false;
        Current = Make();
        return true;
    }

    /// <summary>Judges a certificate within the handshake.</summary>
    public string? Validate(ReadOnlySpan<byte> certificateDer)
    {
        try
        {
            var peer = LinkCertificate.Verify(certificateDer, _time.GetUtcNow());
            return peer.PeerId == _identity.Device.PeerId ? "it is this node itself" : Judge(peer);
        }
        catch (StatementException invalid)
        {
            return invalid.Message;
        }
    }

    /// <summary>Who is at the other end of a connection whose handshake succeeded.</summary>
    /// <exception cref="StatementException">Its certificate has run out since.</exception>
    public ProvenPeer PeerOf(ITransportConnection connection) => LinkCertificate.Verify(connection.PeerCertificate.Span, _time.GetUtcNow());

    private TransportCredentials Make()
    {
        var now = _time.GetUtcNow();
        var certificate = LinkCertificate.Create(_identity.Device, _identity.Certificate, now);
        _renewAt = now + LinkCertificate.Validity / 2;
        // Handshakes under way may still use the one before.
        _made.Add(certificate);
        if (_made.Count > 2)
        {
            _made[0].Dispose();
            _made.RemoveAt(0);
        }
        return new TransportCredentials(certificate);
    }

    public void Dispose()
    {
        foreach (var certificate in _made) certificate.Dispose();
    }
}
