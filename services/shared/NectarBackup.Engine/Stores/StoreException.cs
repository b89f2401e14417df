namespace NectarBackup.Engine.Stores;

/// <summary>Why a store's call failed, as far as retrying decides by it.</summary>
public enum StoreFault
{
    /// <summary>The object is not there.</summary>
    NotFound,

    /// <summary>The object must not exist yet, and does.</summary>
    AlreadyThere,

    /// <summary>The object is shorter than the range asked for.</summary>
    TooShort,

    /// <summary>Refused for good: no permission, bad credentials, no such bucket, disk full.</summary>
    Permanent,

    /// <summary>May succeed if tried again: time-out, connection lost, server error, throttling.</summary>
    Transient,
}

/// <summary>A failed call of an <see cref="IObjectStore"/>: the operation, the object, the cause.</summary>
public sealed class StoreException(StoreFault fault, string message, Exception? inner = null)
    : Exception(message, inner)
{
    public StoreFault Fault { get; } = fault;

    public bool IsNotFound => Fault == StoreFault.NotFound;

    public bool IsAlreadyThere => Fault == StoreFault.AlreadyThere;

    /// <summary>Trying again is worth the while.</summary>
    public bool IsTransient => Fault == StoreFault.Transient;
}
