namespace Mycel.Node.Admission;

/// <summary>Kinds of refusal by the key store.</summary>
internal enum KeyStoreFault
{
    /// <summary>The file is not what the node wrote.</summary>
    Damaged,

    /// <summary>What was asked for is outside its bounds.</summary>
    Invalid,

    /// <summary>Another live key has the name.</summary>
    NameTaken,

    /// <summary>No more keys fit.</summary>
    Full,
}
