using Mycel.Identity;
using Mycel.Ledger.Statements;

namespace Mycel.Ledger.Books;

/// <summary>How a node clears.</summary>
public sealed class ClearingOptions
{
    /// <summary>How long a standing is believed. Default 6 hours, at most <see cref="Statements.Standing.MaxValidity"/>.</summary>
    public TimeSpan StandingValidity { get; init; } = TimeSpan.FromHours(6);

    /// <summary>Oldest work that is still posted. Default 90 days.</summary>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromDays(90);

    /// <summary>Whether a device was cast out by its account: what it ordered is not posted any more, whenever it says to have signed. Default: none was.</summary>
    public Func<PeerId, bool> IsRevoked { get; init; } = static _ => false;

    /// <summary>Receipts posted lately whose signatures are not checked again. Default 65,536; twice as many for a moment.</summary>
    public int MaxKnown { get; init; } = 65_536;
}

/// <summary>What lets a node of another account than the root's clear for a network.</summary>
/// <param name="Appointment">The root account's word.</param>
/// <param name="RootCertificate">Certificate of the device that signed it.</param>
public sealed record ClearingAuthority(Appointment Appointment, Identity.Certificates.DeviceCertificate RootCertificate);
