namespace NectarBackup.Engine.LocalFiles;

/// <summary>What a restore may do to what it finds, and what it creates. The defaults are the careful ones.</summary>
public sealed record RestoreOptions
{
    /// <summary>Create block and character devices; else they are refused.</summary>
    public bool CreateDevices { get; init; }

    /// <summary>
    /// Replace an entry that is not of the wanted type: a symbolic link or file where a directory has to be, or a directory, with all it holds, where
    /// something else has to be. Else it is refused. A file is always replaced by a file or link.
    /// </summary>
    public bool ReplaceOtherTypes { get; init; }

    /// <summary>Receives what could not be set on an entry that is otherwise restored: owner, attribute, mode or time.</summary>
    public Action<LocalFileException> OnMetadataProblem { get; init; } = static _ => { };
}
