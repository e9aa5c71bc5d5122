import * as Radix from "@radix-ui/react-tabs";
import type { ReactNode } from "react";
import { useLocation } from "wouter";

/** Tabs whose choice is part of the address, so that it can be linked to and survives a reload. */
export function RoutedTabs({ base, tabs }: { base: string; tabs: { id: string; label: string; content: ReactNode }[] }) {
  const [path, navigate] = useLocation();
  const named = path.slice(base.length + 1);
  const chosen = tabs.some((tab) => tab.id === named) ? named : tabs[0].id;
  return (
    <Radix.Root value={chosen} onValueChange={(id) => navigate(`${base}/${id}`)}>
      <Radix.List className="tabs" aria-label="Sections">
        {tabs.map((tab) => (
          <Radix.Trigger key={tab.id} value={tab.id} className="tab">
            {tab.label}
          </Radix.Trigger>
        ))}
      </Radix.List>
      {tabs.map((tab) => (
        <Radix.Content key={tab.id} value={tab.id} className="tab-content" tabIndex={-1}>
          {tab.content}
        </Radix.Content>
      ))}
    </Radix.Root>
  );
}
