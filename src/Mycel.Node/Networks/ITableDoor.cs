namespace Mycel.Node.Networks;

/// <summary>Where this node is asked in the table of peers.</summary>
internal interface ITableDoor
{
    /// <summary>The UDP port; 0 where it takes no part, or others cannot reach it there.</summary>
    int Port { get; }
}
