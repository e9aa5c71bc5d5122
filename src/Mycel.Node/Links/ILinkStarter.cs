namespace Mycel.Node.Links;

/// <summary>Opens the door for links, once there is someone to be linked with.</summary>
internal interface ILinkStarter
{
    /// <summary>Listens, where it does not yet.</summary>
    /// <exception cref="LinkException">The address cannot be listened on.</exception>
    Task EnsureStartedAsync();
}
