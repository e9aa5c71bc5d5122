namespace Mycel.Identity.Certificates;

/// <summary>What a device may do in the name of its account.</summary>
[Flags]
public enum DeviceRoles
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Answer requests.</summary>
    Serve = 1,

    /// <summary>Send requests.</summary>
    Ask = 2,

    /// <summary>Make and redeem invites.</summary>
    Admit = 4,

    /// <summary>Manage the account's other devices.</summary>
    Manage = 8,

    /// <summary>All of these.</summary>
    All = Serve | Ask | Admit | Manage,
}
