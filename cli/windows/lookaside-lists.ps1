<#
.SYNOPSIS
Writes the system's lookaside lists as CSV, for `lookaside watch --lists`.

.DESCRIPTION
UNTRIED: this script was compiled, but it was never run on Windows. Please report what it does.

It asks for system information of class 45, an array of records of 32 bytes, and needs no debugger. In
three lines:

  1. Set-ExecutionPolicy -Scope Process Bypass
  2. .\lookaside-lists.ps1 -Output lists.csv
  3. lookaside watch snapshots --lists lists.csv

Columns: tag; paged (1 for paged pool); size in bytes; depth, which the system adjusts; kept, how many
entries the list keeps; allocates, allocate_misses, frees, free_misses, 32-bit counters that wrap.

.PARAMETER Output
The CSV to write.
#>
[CmdletBinding()]
param([string] $Output = 'lists.csv')

$ErrorActionPreference = 'Stop'

Add-Type -TypeDefinition @'
using System;
using System.ComponentModel;
using System.Globalization;
using System.IO;
using System.Runtime.InteropServices;
using System.Text;

public static class LookasideLists
{
    [DllImport("ntdll.dll")]
    static extern int NtQuerySystemInformation(int kind, IntPtr buffer, int length, out int needed);

    const int LookasideInformation = 45, RecordBytes = 32;
    const int LengthMismatch = unchecked((int)0xC0000004);

    // Writes one line a list; gives how many there are.
    public static int Write(string csv)
    {
        int length = 1 << 16;
        for (;;)
        {
            IntPtr buffer = Marshal.AllocHGlobal(length);
            try
            {
                int needed;
                int status = NtQuerySystemInformation(LookasideInformation, buffer, length, out needed);
                if (status == LengthMismatch && length < 1 << 28)
                {
                    length *= 2;
                    continue;
                }
                if (status < 0)
                {
                    throw new Win32Exception("Cannot ask for the lists: status 0x" + status.ToString("X8"));
                }
                return WriteRecords(csv, buffer, needed / RecordBytes);
            }
            finally { Marshal.FreeHGlobal(buffer); }
        }
    }

    static int WriteRecords(string csv, IntPtr records, int count)
    {
        using (StreamWriter output = new StreamWriter(csv, false, new UTF8Encoding(false)))
        {
            output.WriteLine("tag,paged,size,depth,kept,allocates,allocate_misses,frees,free_misses");
            for (int i = 0; i < count; i++)
            {
                int at = i * RecordBytes;
                StringBuilder tag = new StringBuilder(4);
                for (int j = 0; j < 4; j++)
                {
                    byte character = Marshal.ReadByte(records, at + 0x18 + j);
                    bool plain = character >= 0x20 && character < 0x7f && character != (byte)',' && character != (byte)'"';
                    tag.Append(plain ? (char)character : '.');
                }
                output.WriteLine(string.Format(CultureInfo.InvariantCulture,
                    "{0},{1},{2},{3},{4},{5},{6},{7},{8}", tag, Number(records, at + 0x14) & 1,
                    Number(records, at + 0x1C), (ushort)Marshal.ReadInt16(records, at + 2),
                    (ushort)Marshal.ReadInt16(records, at), Number(records, at + 4),
                    Number(records, at + 8), Number(records, at + 0xC), Number(records, at + 0x10)));
            }
        }
        return count;
    }

    static uint Number(IntPtr records, int offset)
    {
        return (uint)Marshal.ReadInt32(records, offset);
    }
}
'@

$csv = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Output)
$count = [LookasideLists]::Write($csv)
Write-Output "${Output}: $count lists"
