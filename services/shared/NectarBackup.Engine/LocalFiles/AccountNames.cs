using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text;

namespace NectarBackup.Engine.LocalFiles;

/// <summary>The names of users and groups by number, asked from the system once each (getpwuid_r, getgrgid_r). Thread safe.</summary>
public sealed unsafe class AccountNames
{
    // A group's record holds all its members: some sites have thousands.
    private const int FirstBuffer = 4096;
    private const int LargestBuffer = 4 * 1024 * 1024;

    private readonly ConcurrentDictionary<uint, string> _users = new();
    private readonly ConcurrentDictionary<uint, string> _groups = new();

    /// <summary>The user's name; empty if it has none, or the name service does not answer.</summary>
    public string UserName(uint id) => _users.GetOrAdd(id, static id => Ask(id, isGroup: false));

    /// <summary>The group's name; empty as for users.</summary>
    public string GroupName(uint id) => _groups.GetOrAdd(id, static id => Ask(id, isGroup: true));

    private static string Ask(uint id, bool isGroup)
    {
        for (var size = FirstBuffer; size <= LargestBuffer; size *= 4)
        {
            var buffer = (byte*)NativeMemory.Alloc((nuint)size);
            try
            {
                LibC.AccountEntry entry;
                LibC.AccountEntry* found = null;
                var errno = isGroup
                    ? LibC.GetGroup(id, &entry, buffer, (nuint)size, &found)
                    : LibC.GetUser(id, &entry, buffer, (nuint)size, &found);
                if (errno == Errno.OutOfRange)
                    continue;
                return errno != 0 || found == null
                    ? ""
                    : Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(found->Name));
            }
            finally
            {
                NativeMemory.Free(buffer);
            }
        }
        return "";
    }
}
